package page

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/dqa-go/dqa/pilot"
	"github.com/dqa-go/dqa/profile"
)

// ProfileName is the name of the profile that Save writes.
const ProfileName = "profile.dqap"

// Save writes a study to a folder: pages, data, tables and the profile. The pages come last, so that whoever finds one finds all.
func Save(dir string, s *pilot.Study, p *profile.Profile) error {
	pages := map[string][]byte{}
	for _, l := range Languages() {
		var b bytes.Buffer
		if err := WriteHTML(&b, s, l.Code); err != nil {
			return err
		}
		pages[l.File] = b.Bytes()
	}
	if err := file.MkdirAll(dir); err != nil {
		return err
	}
	if err := file.WriteBytes(filepath.Join(dir, ProfileName), p.Append(nil)); err != nil {
		return err
	}
	tables := s.CSVs()
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if err := file.Write(filepath.Join(dir, name), tables[name]); err != nil {
			return err
		}
	}
	if err := file.WriteBytes(filepath.Join(dir, "command.txt"), []byte(s.Burden.Remake+"\n")); err != nil {
		return err
	}
	if err := file.Write(filepath.Join(dir, "report.json"), func(w io.Writer) error { return WriteJSON(w, s) }); err != nil {
		return err
	}
	for _, l := range Languages() {
		if err := file.WriteBytes(filepath.Join(dir, l.File), pages[l.File]); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes a study as report.json has it.
func WriteJSON(w io.Writer, s *pilot.Study) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}
