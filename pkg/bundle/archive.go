package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// ArchiveLimits bound a zip archive. What it says of itself is checked before
// anything is inflated, and each file as it is.
type ArchiveLimits struct {
	Files     int   `json:"files"`
	FileBytes int64 `json:"file_bytes"` // Of one file, inflated.
	Bytes     int64 `json:"bytes"`      // Of all files together, inflated.
	// Kept bounds the sources that come back with the output: the text files
	// outside of node_modules.
	Kept deploy.Limits `json:"kept"`
}

// zipped is a file in an archive.
type zipped struct {
	file *zip.File
	most int64
}

func (z zipped) read() (string, error) {
	r, err := z.file.Open()
	if err != nil {
		return "", fmt.Errorf("%q in the archive cannot be read: %w", z.file.Name, err)
	}
	b, err := io.ReadAll(io.LimitReader(r, z.most+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return "", fmt.Errorf("%q in the archive cannot be read: %w", z.file.Name, err)
	}
	if int64(len(b)) > z.most {
		return "", fmt.Errorf("%q in the archive is larger than it says", z.file.Name)
	}
	if !utf8.Valid(b) {
		return "", fmt.Errorf("%q is not UTF-8 text", z.file.Name)
	}
	return string(b), nil
}

// openArchive gives the files of a zip archive. Nothing is inflated yet.
func openArchive(data []byte, l ArchiveLimits) (tree, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	// Names are checked below, by stricter rules than this error has.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("it is no zip archive that can be read: %w", err)
	}
	if len(z.File) > l.Files {
		return nil, fmt.Errorf("it has %d entries, at most %d are allowed", len(z.File), l.Files)
	}
	files := make(tree, len(z.File))
	left := l.Bytes
	for _, f := range z.File {
		name, folder := strings.CutSuffix(f.Name, "/")
		p, err := deploy.CleanPath(name)
		if err != nil {
			return nil, errors.New(fault.From(err).Message)
		}
		mode := f.Mode()
		size := int64(min(f.UncompressedSize64, 1<<62)) //nolint:gosec // Bounded.
		switch {
		case folder && mode.IsDir() || folder && mode.IsRegular():
			continue
		case mode&fs.ModeSymlink != 0:
			return nil, fmt.Errorf("%q is a symbolic link; put the file itself into the archive", p)
		case !mode.IsRegular():
			return nil, fmt.Errorf("%q is neither a file nor a folder", p)
		case f.Flags&1 != 0:
			return nil, fmt.Errorf("%q is encrypted", p)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, fmt.Errorf("%q is compressed by method %d; use deflate, as zip programs do by default", p, f.Method)
		case size > l.FileBytes:
			return nil, fmt.Errorf("%q has %d bytes, a file may have %d", p, size, l.FileBytes)
		case size > left:
			return nil, fmt.Errorf("its files have more than %d bytes together; leave out of node_modules what the script does not import", l.Bytes)
		case files[p] != nil:
			return nil, fmt.Errorf("%q is there twice", p)
		}
		left -= size
		if !useless(p) {
			files[p] = zipped{f, size}
		}
	}
	return files, nil
}

// useless reports whether a file of a package is never part of a bundle.
func useless(p string) bool {
	if !recipe.InModules(p) {
		return false
	}
	for _, suffix := range []string{".d.ts", ".d.mts", ".d.cts", ".map"} {
		if strings.HasSuffix(p, suffix) {
			return true
		}
	}
	return false
}

// own are the author's text files, for those who look at the deployment later,
// or why they are not kept.
func (t tree) own(l deploy.Limits) (files []deploy.File, note string) {
	var names []string
	for p := range t {
		if !recipe.InModules(p) && !strings.HasPrefix(path.Base(p), ".") {
			names = append(names, p)
		}
	}
	slices.Sort(names)
	total := 0
	for _, p := range names {
		if z, ok := t[p].(zipped); ok && total+int(z.most) > l.Bytes { // Not even read.
			return nil, fmt.Sprintf("the sources are not kept with the deployment: they have more than %d bytes", l.Bytes)
		}
		contents, err := t[p].read()
		if err != nil {
			continue // It is no text.
		}
		total += len(contents)
		if files = append(files, deploy.File{Path: p, Contents: contents}); len(files) > l.Files {
			return nil, fmt.Sprintf("the sources are not kept with the deployment: there are more than %d", l.Files)
		}
	}
	return files, ""
}
