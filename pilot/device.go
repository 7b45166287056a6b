package pilot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/session"
)

// KnownDevices are names that --device takes; nothing is known of them but what somebody measures there.
func KnownDevices() []string { return []string{"pi4", "jetson"} }

// runLimit bounds the bytes of a measured run, runWait the time that it is waited for.
const (
	runLimit = 1 << 20
	runWait  = 20 * time.Second
)

// readDevice reads what dqa bench engine --json printed on a device, from a file or from an address; of a name it knows nothing: the
// times are nil. Errors wrap session.ErrMeasuredRun.
func readDevice(ctx context.Context, asked, model string) ([]Timing, error) {
	if asked == "" {
		return nil, nil
	}
	for _, name := range KnownDevices() {
		if asked == name {
			return nil, nil
		}
	}
	b, err := fetchRun(ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrMeasuredRun, err)
	}
	all, err := parseRun(b, model)
	if err != nil {
		err = fmt.Errorf("%w: %s: %w", session.ErrMeasuredRun, path.Base(asked), err)
	}
	return all, err
}

// parseRun reads what dqa bench engine --json prints: of the runs on one thread, which must be of the model.
func parseRun(b []byte, model string) (all []Timing, err error) {
	var rows []session.EngineRow
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) == 0 {
		return nil, errors.New("it is not what `dqa bench engine --json` prints")
	}
	for _, row := range rows {
		switch {
		case row.Model != model:
			return nil, fmt.Errorf("it is of %q, not of %q", row.Model, model)
		case row.Mode != "float" && row.Mode != "packed" || !(row.MS > 0) || !(row.Spread >= 0):
			return nil, fmt.Errorf("a run called %q takes %g ms", row.Mode, row.MS)
		case row.Threads == 1:
			half := row.Spread * row.MS / 2
			all = append(all, Timing{Mode: row.Mode, MS: row.MS, Low: row.MS - half, High: row.MS + half, CPUMS: row.CPUMS})
		}
	}
	return all, nil
}

func fetchRun(ctx context.Context, where string) ([]byte, error) {
	if !strings.HasPrefix(where, "http://") && !strings.HasPrefix(where, "https://") {
		b, err := file.ReadLimited(strings.TrimPrefix(where, "file://"), runLimit)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%q is no device (%s), no file and no address", where, strings.Join(KnownDevices(), ", "))
		}
		return b, err
	}
	ctx, cancel := context.WithTimeout(ctx, runWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %s", resp.Status)
	}
	return file.ReadAll(resp.Body, runLimit)
}
