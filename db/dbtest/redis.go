package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/redis/rueidis"
)

// StartRedis starts a Redis, or Valkey, that keeps nothing on disk, for what is no
// test; who does that ends it with Remove.
func StartRedis() (*Server, error) { return startRedis("appendonly no") }

// startKeepingRedis starts one that has all that it acknowledged on disk.
func startKeepingRedis() (*Server, error) { return startRedis("appendonly yes\nappendfsync always") }

func startRedis(keeps string) (*Server, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if bin, err = exec.LookPath("valkey-server"); err != nil {
			return nil, &missingError{"Redis 7 or Valkey", redisEnv}
		}
	}
	return onFreePort(func(port int) (*Server, error) {
		dir, err := folder("redis", nil)
		if err != nil {
			return nil, err
		}
		password := rand.Text()
		u := url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: "127.0.0.1:" + strconv.Itoa(port), Path: "/0"}
		s := &Server{
			URL: u.String(), name: "Redis", dir: dir, shutdown: syscall.SIGTERM, args: []string{bin, "-"},
			// On the standard input, where no other user sees the password.
			stdin: fmt.Sprintf("bind 127.0.0.1\nport %d\nrequirepass %s\nsave \"\"\ndir %s\n%s\n", port, password, dir, keeps),
		}
		s.ready = func(ctx context.Context) error { return pingRedis(ctx, s.URL) }
		return s, s.Start()
	})
}

func pingRedis(ctx context.Context, address string) error {
	o, err := rueidis.ParseURL(address)
	if err != nil {
		return err
	}
	o.DisableCache, o.ForceSingleClient = true, true
	c, err := rueidis.NewClient(o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Do(ctx, c.B().Ping().Build()).Error()
}
