// Package dbtest gives tests a real Postgres and a real Redis: the running ones
// that FLORA_TEST_DATABASE_URL and FLORA_TEST_REDIS_URL name, else servers that
// it starts from the installed binaries, on free ports and in temporary
// folders. A test binary that uses it runs its tests through Main, which stops
// them; they also end with the test binary, however that ends.
package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The variables that name running servers.
const (
	postgresEnv = "FLORA_TEST_DATABASE_URL" // Of a user who may create databases.
	redisEnv    = "FLORA_TEST_REDIS_URL"
)

// patience bounds every wait. The tests run on busy machines.
const patience = 90 * time.Second

// shared are the servers that the tests of this binary have in common.
var shared struct {
	mu              sync.Mutex
	postgres, redis *Server
}

// Main runs the tests and stops the servers that they started.
func Main(m *testing.M) int {
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	for _, s := range []*Server{shared.postgres, shared.redis} {
		if s == nil {
			continue
		}
		if err := s.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, "dbtest:", err)
			code = max(code, 1)
		}
	}
	return code
}

// once gives the server that slot keeps, and starts it first if need be.
func once(t testing.TB, slot **Server, start func() (*Server, error)) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if *slot == nil {
		s, err := start()
		if err != nil {
			t.Fatal(err)
		}
		*slot = s
	}
	return *slot
}

// Postgres makes an empty database for the test and gives its address.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(postgresEnv)
	if server == "" {
		server = once(t, &shared.postgres, StartPostgres).URL
	}
	return database(t, server)
}

// OwnPostgres starts a server that the test may stop and pause. Its URL is that
// of an empty database.
func OwnPostgres(t testing.TB) *Server {
	t.Helper()
	return own(t, postgresEnv, StartPostgres)
}

// Redis gives the address of a Redis that the test shares with others: its keys
// and topics need a prefix of their own, such as Name's.
func Redis(t testing.TB) string {
	t.Helper()
	if server := os.Getenv(redisEnv); server != "" {
		return server
	}
	return once(t, &shared.redis, StartRedis).URL
}

// OwnRedis starts an empty server that the test may stop and pause.
func OwnRedis(t testing.TB) *Server {
	t.Helper()
	return own(t, redisEnv, StartRedis)
}

// OwnKeepingRedis is OwnRedis whose data outlive its death.
func OwnKeepingRedis(t testing.TB) *Server {
	t.Helper()
	return own(t, redisEnv, startKeepingRedis)
}

func own(t testing.TB, env string, start func() (*Server, error)) *Server {
	t.Helper()
	s, err := start()
	if _, missing := err.(*missingError); missing && os.Getenv(env) != "" { //nolint:errorlint // It is never wrapped.
		t.Skipf("this test stops its server, which it does not do to the one in %s: %s", env, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Name is a name that nobody else uses, of small letters and digits.
func Name() string { return "flora_test_" + lower(rand.Text()) }

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// database makes an empty database on the server; it goes with the test.
func database(t testing.TB, server string) string {
	t.Helper()
	name := Name()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", postgresEnv) // The error would show the password.
	}
	if err := run(server, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database for the test: %s", err)
	}
	t.Cleanup(func() {
		if err := run(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("remove the test's database: %s", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// run runs one statement.
func run(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if e := conn.Close(ctx); err == nil {
		err = e
	}
	return err
}
