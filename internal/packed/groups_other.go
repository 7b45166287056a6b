//go:build !amd64 || noasm

package packed

func packGroupsVector([]byte, []byte, []byte, *style) (size int, done bool) { return 0, false }

func unpackGroupsVector([]byte, []byte, []byte, *style) (size int, done bool) { return 0, false }
