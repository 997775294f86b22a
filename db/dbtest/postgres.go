package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// StartPostgres makes an empty database cluster and starts its server, for what is
// no test; who does that ends it with Remove. The machine does not lose power in
// a test.
func StartPostgres() (*Server, error) {
	return startPostgres("-c", "fsync=off", "-c", "full_page_writes=off")
}

// StartDurable is StartPostgres with a server that keeps what was committed, for
// measurements.
func StartDurable() (*Server, error) { return startPostgres() }

//nolint:contextcheck // What it waits for has a limit.
func startPostgres(options ...string) (*Server, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	account, err := postgresAccount()
	if err != nil {
		return nil, err
	}
	return onFreePort(func(port int) (*Server, error) {
		dir, err := folder("postgres", account)
		if err != nil {
			return nil, err
		}
		u := url.URL{Scheme: "postgres", User: url.UserPassword("flora", rand.Text()), Host: "127.0.0.1:" + strconv.Itoa(port), Path: "/postgres"}
		s := &Server{
			URL: u.String(), name: "Postgres", dir: dir, account: account, shutdown: syscall.SIGINT,
			args: append([]string{
				filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port),
				"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
			}, options...),
		}
		s.ready = func(ctx context.Context) error {
			conn, err := pgx.Connect(ctx, s.URL)
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		}
		if err := s.initialise(bin, u.User); err != nil {
			return s, err
		}
		return s, s.Start()
	})
}

// initialise makes the cluster, with a collation that does not sort by bytes:
// what must be sorted so has to say it.
func (s *Server) initialise(bin string, who *url.Userinfo) error {
	password, _ := who.Password()
	file := filepath.Join(s.dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return err
	}
	if s.account != nil {
		if err := os.Chown(file, int(s.account.Uid), int(s.account.Gid)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", who.Username(), "--pwfile", file, //nolint:gosec // An installed program.
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en", "--no-sync", "--no-instructions")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a Postgres cluster with initdb: %w\n%s", err, out)
	}
	return nil
}

// postgresBinaries is the folder of postgres and initdb: that in the path, else
// the newest that Debian's packages installed.
func postgresBinaries() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), "initdb")); err == nil {
				return filepath.Dir(p), nil
			}
		}
	}
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", &missingError{"Postgres 15 or newer", postgresEnv}
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) })), nil
}

// postgresAccount is the package's own user when we are root, whom Postgres
// refuses to run as; else nil.
func postgresAccount() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // Our own.
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("tests run as root start Postgres as the user that its package makes: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// Program is the path of a program that comes with the Postgres of the tests,
// such as pg_dump.
func Program(name string) (string, error) {
	if bin, err := postgresBinaries(); err == nil {
		if file := filepath.Join(bin, name); isFile(file) {
			return file, nil
		}
	}
	return exec.LookPath(name)
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
