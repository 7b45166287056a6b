// Package ort runs networks on ONNX Runtime, as a second engine: an oracle for every operator, and for those who ship it
// already. It is behind the build tag ort, because loading a shared library makes the binary dynamically linked; without
// the tag Compile returns ErrUnavailable.
//
// A program is the canonical graph, written out as ONNX again and cut at every edge, so that a hook can see and alter an
// edge: the pieces run one after the other. Every session has one thread; images run side by side.
package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrUnavailable means that ONNX Runtime cannot be used: the binary was built without it, or the library is missing.
var ErrUnavailable = errors.New("ONNX Runtime is not available")

// EnvLibrary is the environment variable that names the library.
const EnvLibrary = "DQA_ORT_LIB"

// HowToGet tells where the library comes from.
const HowToGet = "get it from the release of ONNX Runtime for your platform, or from the npm package onnxruntime-node (bin/napi-v6/PLATFORM) or the Python package onnxruntime (capi), and name it by --ort-lib or " + EnvLibrary

// FindLibrary returns the path of ONNX Runtime's library: path itself if it is not empty, else the file that the
// environment variable names, else the first found in the usual places.
func FindLibrary(path string) (string, error) {
	if path == "" {
		path = os.Getenv(EnvLibrary)
	}
	if path != "" {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return "", fmt.Errorf("%w: %s is no library file", ErrUnavailable, path)
		}
		return path, nil
	}
	places := usualPlaces()
	for _, place := range places {
		found, _ := filepath.Glob(place)
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && !info.IsDir() {
				return f, nil
			}
		}
	}
	return "", fmt.Errorf("%w: no library in %s", ErrUnavailable, strings.Join(places, ", "))
}

// usualPlaces are patterns of file names.
func usualPlaces() []string {
	name := map[string]string{"windows": "onnxruntime.dll", "darwin": "libonnxruntime*.dylib"}[runtime.GOOS]
	if name == "" {
		name = "libonnxruntime.so*"
	}
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Dir(exe), filepath.Join(filepath.Dir(exe), "..", "lib"))
	}
	if runtime.GOOS != "windows" {
		dirs = append(dirs, "/usr/local/lib", "/usr/lib", "/usr/lib/*-linux-gnu", "/opt/onnxruntime/lib", "/opt/homebrew/lib")
	}
	for i, d := range dirs {
		dirs[i] = filepath.Join(d, name)
	}
	return dirs
}
