package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Connections that are open at once, where the process may have so many files;
// one address gets a part of them. They cost a stranger nothing.
const (
	mostConnections = 16_000
	perAddress      = 8 // So many addresses share them all.
)

// connections closes those that are too many.
type connections struct {
	total, each int
	proxies     []netip.Prefix // May have all of them: their clients are many.

	mu   sync.Mutex // Guards the members below.
	open map[net.Conn]string
	by   map[string]int
}

func newConnections(total int, proxies []netip.Prefix) *connections {
	return &connections{total: total, each: max(total/perAddress, 1), proxies: proxies, open: map[net.Conn]string{}, by: map[string]int{}}
}

// connectionLimit leaves at least half of the files to everything else.
func connectionLimit() int {
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) != nil || files.Cur/2 > mostConnections {
		return mostConnections
	}
	return int(files.Cur / 2) //nolint:gosec // It is small.
}

// changed is a server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if !c.enter(conn) {
			_ = conn.Close()
		}
	case http.StateClosed, http.StateHijacked:
		c.leave(conn)
	}
}

func (c *connections) enter(conn net.Conn) bool {
	from, most := "", c.each
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		from = neighbourhood(at.Addr())
		if slices.ContainsFunc(c.proxies, func(p netip.Prefix) bool { return p.Contains(at.Addr().Unmap()) }) {
			most = c.total
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.total || c.by[from] >= most {
		return false
	}
	c.open[conn] = from
	c.by[from]++
	return true
}

func (c *connections) leave(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, counted := c.open[conn]
	if !counted {
		return
	}
	delete(c.open, conn)
	if c.by[from]--; c.by[from] == 0 {
		delete(c.by, from)
	}
}

// neighbourhood is what counts as one address: whoever has one of IPv6 has a
// whole network of them.
func neighbourhood(a netip.Addr) string {
	const network = 64
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(network); err == nil {
			return p.String()
		}
	}
	return a.String()
}
