package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// headerLimit bounds how long a client may take to send its request's headers.
const headerLimit = 10 * time.Second

// listen opens a TCP port on the address; port 0 takes a free one.
func listen(ctx context.Context, address string, port int) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP (api.port, or dev --port, takes another port): %w", err)
	}
	return l, nil
}

// baseURL is where the port is reached from this machine.
func baseURL(l net.Listener) string {
	address := l.Addr().String()
	if host, port, err := net.SplitHostPort(address); err == nil {
		if ip := net.ParseIP(host); ip.IsUnspecified() {
			address = net.JoinHostPort(loopback, port)
		}
	}
	return "http://" + address
}

// serve answers HTTP until ctx ends. There is no write time-out: log streams
// live long and bound each write themselves.
func serve(ctx context.Context, l net.Listener, server *http.Server) error {
	failed, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		failed <- server.Serve(l)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit/2)
	defer cancel()
	err := server.Shutdown(limit)
	if err != nil {
		err = fmt.Errorf("end open requests: %w", errors.Join(err, server.Close()))
	}
	<-done
	return err
}
