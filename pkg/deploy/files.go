package deploy

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Limits of a deployment's sources.
type Limits struct {
	Files int `json:"files"` // How many.
	Bytes int `json:"bytes"` // Of all contents together.
}

// DefaultLimits are those of a configuration that says nothing.
var DefaultLimits = Limits{Files: 200, Bytes: 1 << 20}

// StoredLimits are those of sources that are only kept beside a bundle.
var StoredLimits = Limits{Files: 2000, Bytes: 8 << 20}

// Bounds of a path, which no file system that holds the sources exceeds.
const (
	maxPath  = 512
	maxDepth = 32
)

// The ways that a deployment reaches the runtime.
var sources = []string{"cli", "webui", "bootstrap", "api", "unknown"}

// Sources are the ways that a deployment reaches the runtime.
func Sources() []string { return slices.Clone(sources) }

// ValidateSource checks the deploy source; "" becomes "unknown".
func ValidateSource(source string) (string, error) {
	if source == "" {
		return "unknown", nil
	}
	if !slices.Contains(sources, source) {
		return "", fault.New(fault.BadRequest, "invalid deploy source %q; use one of %s", clip(source), strings.Join(sources, ", "))
	}
	return source, nil
}

// CleanPath gives the normal form of a relative path: slashes, no "." or ".."
// left. A path that leads out of the tree, or that some machine reads
// differently, is refused.
func CleanPath(p string) (string, error) {
	switch {
	case strings.TrimSpace(p) == "":
		return "", fault.New(fault.BadRequest, "invalid path: it is empty")
	case len(p) > maxPath:
		return "", fault.New(fault.BadRequest, "invalid path %q: it has %d bytes, at most %d are allowed", clip(p), len(p), maxPath)
	case !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl):
		return "", fault.New(fault.BadRequest, "invalid path %q: it holds control characters or is not UTF-8", clip(p))
	case strings.Contains(p, `\`):
		return "", fault.New(fault.BadRequest, "invalid path %q: write / between folders, not a backslash", clip(p))
	}
	clean := path.Clean(p)
	switch {
	case path.IsAbs(p) || len(clean) > 1 && clean[1] == ':':
		return "", fault.New(fault.BadRequest, "invalid path %q: it must be relative to the project's folder", clip(p))
	case strings.TrimSpace(clean) == "":
		return "", fault.New(fault.BadRequest, "invalid path %q: it is blank", clip(p))
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "", fault.New(fault.BadRequest, "invalid path %q: it leads out of the project's folder", clip(p))
	case clean == "." || strings.HasSuffix(p, "/"):
		return "", fault.New(fault.BadRequest, "invalid path %q: it names a folder, not a file", clip(p))
	case strings.Count(clean, "/") >= maxDepth:
		return "", fault.New(fault.BadRequest, "invalid path %q: it is more than %d folders deep", clip(p), maxDepth)
	}
	return clean, nil
}

// ValidateEntry checks and cleans the path of the entry file.
func ValidateEntry(entry string) (string, error) {
	if strings.TrimSpace(entry) == "" {
		return "", fault.New(fault.BadRequest, "entry is required; name the file that starts the script, like src/main.ts")
	}
	clean, err := CleanPath(entry)
	if err != nil {
		return "", fault.New(fault.BadRequest, "invalid entry: %s", fault.From(err).Message)
	}
	return clean, nil
}

// ValidateFiles checks sources and gives them with clean paths, ordered by
// path. Contents may be empty.
func ValidateFiles(files []File, l Limits) ([]File, error) {
	if len(files) == 0 {
		return nil, fault.New(fault.BadRequest, "files must not be empty")
	}
	if len(files) > l.Files {
		return nil, fault.New(fault.BadRequest, "invalid deployment files: there are %d, at most %d are allowed", len(files), l.Files)
	}
	total := 0
	out := make([]File, len(files))
	for i, f := range files {
		clean, err := CleanPath(f.Path)
		if err != nil {
			return nil, fault.New(fault.BadRequest, "invalid deployment files: %s", fault.From(err).Message)
		}
		if !utf8.ValidString(f.Contents) {
			return nil, fault.New(fault.BadRequest, "invalid deployment files: %q is not UTF-8 text", clean)
		}
		if total += len(f.Contents); total > l.Bytes {
			return nil, fault.New(fault.BadRequest, "invalid deployment files: they are larger than %d bytes together", l.Bytes)
		}
		out[i] = File{Path: clean, Contents: f.Contents}
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for i := 1; i < len(out); i++ {
		if out[i].Path == out[i-1].Path {
			return nil, fault.New(fault.BadRequest, "invalid deployment files: %q is there twice", out[i].Path)
		}
	}
	return out, nil
}

// ValidateSourceMap checks the source map that comes with a bundle.
func ValidateSourceMap(m SourceMap) error {
	clean, err := CleanPath(m.Path)
	switch {
	case err != nil:
		return fault.New(fault.BadRequest, "invalid source_map: %s", fault.From(err).Message)
	case !strings.HasSuffix(clean, ".map"):
		return fault.New(fault.BadRequest, "invalid source_map: the path %q must end in .map", clip(m.Path))
	case strings.TrimSpace(m.Contents) == "":
		return fault.New(fault.BadRequest, "invalid source_map: contents must not be blank")
	}
	return nil
}

// Summarize compares two sets of files. It is nil when neither has any.
func Summarize(base, files []File) *ChangeSummary {
	if len(base) == 0 && len(files) == 0 {
		return nil
	}
	before := make(map[string]string, len(base))
	for _, f := range base {
		before[f.Path] = f.Contents
	}
	s := &ChangeSummary{AddedFiles: []string{}, RemovedFiles: []string{}, ModifiedFiles: []string{}}
	for _, f := range files {
		old, ok := before[f.Path]
		switch {
		case !ok:
			s.AddedFiles = append(s.AddedFiles, f.Path)
		case old != f.Contents:
			s.ModifiedFiles = append(s.ModifiedFiles, f.Path)
		}
		delete(before, f.Path)
	}
	for p := range before {
		s.RemovedFiles = append(s.RemovedFiles, p)
	}
	slices.Sort(s.AddedFiles)
	slices.Sort(s.RemovedFiles)
	slices.Sort(s.ModifiedFiles)
	return s
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}
