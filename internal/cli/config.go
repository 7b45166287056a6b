package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ApplyConfig gives every flag that the command line left out the value that the --config file has for it.
func (a *App) ApplyConfig(cmd *cobra.Command) error {
	if a.config == "" {
		return nil
	}
	b, err := readConfig(a.config)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrConfig, a.config, err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(b, &values); err != nil {
		return fmt.Errorf("%w: %s: %s", ErrConfig, a.config, yaml.FormatError(err, false, false))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		flag := cmd.Flags().Lookup(name)
		if flag == nil || name == "config" || name == "help" {
			return fmt.Errorf("%w: %s: %s has no flag --%s", ErrConfig, a.config, cmd.CommandPath(), name)
		}
		if flag.Changed {
			continue
		}
		if err := setFlag(cmd, flag, values[name]); err != nil {
			return fmt.Errorf("%w: %s: %s: %w", ErrConfig, a.config, name, err)
		}
	}
	return nil
}

// readConfig reads no more than a configuration has.
func readConfig(path string) ([]byte, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, file.MaxYAML+1))
	if err != nil {
		return nil, err
	}
	return b, file.CheckYAML(b)
}

// setFlag takes a list for a flag that may be repeated or that takes values separated by commas.
func setFlag(cmd *cobra.Command, flag *pflag.Flag, value any) error {
	var texts []string
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			texts = append(texts, fmt.Sprint(item))
		}
	case map[string]any, nil:
		return fmt.Errorf("a value or a list expected")
	default:
		texts = []string{fmt.Sprint(v)}
	}
	if flag.Value.Type() != "stringArray" {
		texts = []string{strings.Join(texts, ",")}
	}
	for _, text := range texts {
		if err := cmd.Flags().Set(flag.Name, text); err != nil {
			return err
		}
	}
	return nil
}
