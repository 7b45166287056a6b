package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dqa-go/dqa/internal/file"
)

// listPictures gives the sorted names of the images in a folder.
func listPictures(dir string) ([]string, error) {
	entries, err := file.ReadDir(dir)
	if err != nil {
		return nil, missing(err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && isPicture(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// openDir opens the images of one folder, sub-folders not looked into.
func openDir(dir string) (Source, error) {
	if err := needFolder(dir); err != nil {
		return nil, err
	}
	names, err := listPictures(dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if hasSubfolders(dir) {
			return nil, fmt.Errorf("%w: the folder has sub-folders only; did you mean imagefolder:%s?", ErrEmpty, quote(dir))
		}
		return nil, fmt.Errorf("%w: no PNG or JPEG file in %s", ErrEmpty, dir)
	}
	return &source{&pictures{dir, names}, unlabelled{}, spec{scheme: "dir", parts: []string{dir}}.String()}, nil
}

// openImageFolder opens one sub-folder per class. Empty sub-folders count, so that indices stay what they were when
// the network was trained; hidden ones do not.
func openImageFolder(dir string) (Source, error) {
	if err := needFolder(dir); err != nil {
		return nil, err
	}
	entries, err := file.ReadDir(dir)
	if err != nil {
		return nil, missing(err)
	}
	p := &pictures{root: dir}
	var classes classList
	class := int32(0)
	for _, e := range entries {
		sub := filepath.Join(dir, e.Name())
		if info, err := os.Stat(sub); err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		names, err := listPictures(sub)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			p.names = append(p.names, e.Name()+"/"+n)
			classes = append(classes, class)
		}
		class++
	}
	switch {
	case class == 0:
		return nil, fmt.Errorf("%w: no class folders in %s; did you mean dir:%s?", ErrEmpty, dir, quote(dir))
	case p.Len() == 0:
		return nil, fmt.Errorf("%w: no PNG or JPEG file in the sub-folders of %s", ErrEmpty, dir)
	}
	return &source{p, classes, spec{scheme: "imagefolder", parts: []string{dir}}.String()}, nil
}
