package container

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// image is what tools/container tells of the Dockerfile.
type image struct {
	Base  string
	Steps []struct {
		Run, From, To string
		Copy          []string
	}
	User       string
	WorkDir    string `json:"work_dir"`
	Env        map[string]string
	Volumes    []string
	Ports      []string
	StopSignal string `json:"stop_signal"`
	Entrypoint []string
	Cmd        []string
	Health     []string
}

// read reads the Dockerfile.
func read() (*image, error) {
	var said strings.Builder
	cmd := exec.Command("go", "run", ".", "../../Dockerfile")
	cmd.Dir, cmd.Stderr = "../../tools/container", &said
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("read the Dockerfile: %w\n%s", err, said.String())
	}
	i := &image{}
	if err := json.Unmarshal(out, i); err != nil {
		return nil, fmt.Errorf("read the Dockerfile: %w", err)
	}
	return i, nil
}

var debian = regexp.MustCompile(`^debian:([a-z]+)-slim$`)

// packages are what a step installs; ok is false for one that does something
// else.
func packages(run string) (names []string, ok bool) {
	for part := range strings.SplitSeq(run, "&&") {
		fields := strings.Fields(part)
		if len(fields) > 2 && fields[0] == "apt-get" && fields[1] == "install" {
			ok = true
			names = append(names, slices.DeleteFunc(fields[2:], func(f string) bool { return strings.HasPrefix(f, "-") })...)
		}
	}
	return names, ok
}

// assemble makes the image's files in the folder.
func (i *image) assemble(root, bin string) error {
	base := debian.FindStringSubmatch(i.Base)
	if base == nil {
		return fmt.Errorf("the last stage is made from %q, which is not a slim Debian", i.Base)
	}
	var installed []string
	for _, s := range i.Steps {
		names, _ := packages(s.Run)
		installed = append(installed, names...)
	}
	from, err := debianRoot(base[1], installed)
	if err != nil {
		return err
	}
	if err := run("cp", "-a", "--reflink=auto", from+"/.", root); err != nil {
		return err
	}
	for _, s := range i.Steps {
		if _, done := packages(s.Run); done {
			continue
		}
		if s.Run != "" {
			if err := run("chroot", root, "/bin/sh", "-c", s.Run); err != nil {
				return err
			}
			continue
		}
		for _, path := range s.Copy {
			if s.From != "build" || path != "/src/bin/linux-$TARGETARCH/" || !strings.HasSuffix(s.To, "/") {
				return fmt.Errorf("nobody knows what COPY --from=%s %s %s would bring", s.From, path, s.To)
			}
			for _, name := range []string{"flora", "flora-runtime"} {
				if err := place(filepath.Join(bin, name), filepath.Join(root, s.To, name)); err != nil {
					return err
				}
			}
		}
	}
	return os.MkdirAll(filepath.Join(root, i.WorkDir), 0o755)
}

// place copies a binary, which is large, or links it where that can be.
func place(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	return run("cp", "--reflink=auto", from, to)
}

// debianRoot gives a folder with the suite's essential packages and the named
// ones. It is made once and kept, for this user only, as nobody may change it
// who could not change the tests.
func debianRoot(suite string, names []string) (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	caches = filepath.Join(caches, "flora-runtime-test")
	if err := os.MkdirAll(caches, 0o700); err != nil {
		return "", err
	}
	if info, err := os.Lstat(caches); err != nil {
		return "", err
	} else if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 || !info.IsDir() {
		return "", fmt.Errorf("%s is not this user's alone: remove it", caches)
	}
	lock, err := os.OpenFile(filepath.Join(caches, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("wait for the folder of Debian's packages: %w", err)
	}
	// What of Debian's is no part of its slim images, and no cache.
	args := []string{
		"--quiet", "--variant=essential", "--include=" + strings.Join(names, ","), "--dpkgopt=force-unsafe-io",
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*", suite,
	}
	key := sha256.Sum256([]byte(strings.Join(append(args, runtime.GOARCH), " ")))
	root := filepath.Join(caches, fmt.Sprintf("%s-%x", suite, key[:8]))
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return "", errors.New("mmdebstrap is not installed, with which the image's root is made of Debian's packages: apt-get install mmdebstrap")
	}
	half := root + ".half"
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	if err := run("mmdebstrap", append(args, half)...); err != nil {
		return "", errors.Join(err, os.RemoveAll(half))
	}
	return root, os.Rename(half, root)
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// entry is what of a file tells that it was written.
type entry struct {
	mode     fs.FileMode
	uid, gid uint32
	size     int64
	changed  syscall.Timespec
}

// look lists what is in a root. Something may be in /tmp for a moment, but not
// stay there.
func look(t *testing.T, root string) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return errors.New("nothing tells who owns " + path)
		}
		name := "/" + strings.TrimPrefix(strings.TrimPrefix(path, root), "/")
		e := entry{info.Mode(), s.Uid, s.Gid, s.Size, s.Mtim}
		if name == "/tmp" {
			e.changed = syscall.Timespec{}
		}
		all[name] = e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
