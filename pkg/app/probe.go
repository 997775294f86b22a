package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/config"
)

// probeLimit bounds the question of a health check.
const probeLimit = 4 * time.Second

// healthCommand asks the runtime beside it how it is: a health check for images
// that have no program for HTTP.
func healthCommand(s State) *cobra.Command {
	var file string
	var ready bool
	c := &cobra.Command{
		Use: "health", Short: "Ask the runtime on this machine whether it answers", Args: cobra.NoArgs,
		Long: `Asks the runtime that runs on this machine with the same configuration whether it
answers (/livez), or with --ready whether it serves (/readyz), and exits with 0 or
1. It is meant for the health checks of containers.`,
		Example: "  flora-runtime health --ready",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Options{File: file, Env: s.Env})
			if err != nil {
				return err
			}
			path := "/livez"
			if ready {
				path = "/readyz"
			}
			said, err := probe(c.Context(), cfg.API.Address, cfg.API.Port, path)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", said)
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "TOML file with settings")
	c.Flags().BoolVar(&ready, "ready", false, "whether it serves")
	return c
}

// probe asks and gives the answer of a runtime that is well.
func probe(ctx context.Context, address string, port int, path string) ([]byte, error) {
	if port == 0 {
		return nil, errors.New("api.port is 0, so only the runtime itself knows its port: set another one to be able to ask it")
	}
	switch ip := net.ParseIP(address); {
	case ip.Equal(net.IPv4zero):
		address = loopback
	case ip.Equal(net.IPv6unspecified):
		address = net.IPv6loopback.String()
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(address, strconv.Itoa(port))+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the runtime: %w", err)
	}
	// A proxy in the environment is for what is elsewhere.
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the runtime: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return nil, fmt.Errorf("read the runtime's answer: %w", err)
	}
	said = bytes.TrimSpace(said)
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s is %d: %s", path, res.StatusCode, said)
	}
	return said, nil
}
