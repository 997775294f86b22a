package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Resolver gives the addresses of a name, as net.Resolver does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// DialFunc makes a connection to an address that the policy allows.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

const (
	maxAddresses = 4               // Of one name that are tried.
	dialEach     = 5 * time.Second // One address.
)

// Errors of a connection. They carry no address: their text reaches scripts.
var (
	errForbidden = errors.New("scripts may not reach this address")
	errNoHost    = errors.New("the name leads to no public address")
	errPort      = errors.New("scripts may not reach this port; 80, 443 and most above 1023 are allowed")
)

// dialer resolves, checks and connects: the address that was checked is the one
// that is dialled, so a name that changes its answer gains nothing.
type dialer struct {
	policy   *Policy
	resolver Resolver
	dial     DialFunc
}

func newDialer(p *Policy, r Resolver, d DialFunc) *dialer {
	if r == nil {
		r = net.DefaultResolver
	}
	if d == nil {
		// The kernel's own view of the address is checked once more.
		plain := &net.Dialer{Timeout: dialEach, Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || p.Check(at.Addr()) != Public {
				return errForbidden
			}
			return nil
		}}
		d = plain.DialContext
	}
	return &dialer{policy: p, resolver: r, dial: d}
}

// DialContext is for http.Transport.
func (d *dialer) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	if !portAllowed(uint16(port)) {
		return nil, errPort
	}
	addrs, err := d.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var last error
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		one, cancel := context.WithTimeout(ctx, dialEach)
		conn, err := d.dial(one, "tcp", hostPort(a, uint16(port)))
		cancel()
		if err == nil {
			return conn, nil
		}
		if last = err; ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// addresses gives those of a host that scripts may reach. A name that leads to
// none looks the same whether it exists or not: what names the operator's
// network has is nobody's business.
func (d *dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if d.policy.Check(a) != Public {
			return nil, errForbidden
		}
		return []netip.Addr{a}, nil
	}
	name := strings.TrimSuffix(host, ".")
	if !strings.Contains(name, ".") {
		return nil, errNoHost // Only the operator's own network has such names.
	}
	// With a dot at its end no search domain is tried.
	all, err := d.resolver.LookupNetIP(ctx, "ip", name+".")
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsNotFound {
		return nil, errResolve
	}
	if err != nil {
		return nil, errNoHost
	}
	var out []netip.Addr
	for _, a := range all {
		// A resolver of the system gives IPv4 in IPv6 form.
		if a = a.Unmap(); d.policy.Check(a) == Public {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, errNoHost
	}
	return out, nil
}

// errCrowded says that a guild, or all together, have too many connections.
var errCrowded = errors.New("too many connections are open; try again in a minute")

var errResolve = errors.New("the name could not be looked up just now")
