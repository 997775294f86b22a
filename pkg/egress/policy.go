package egress

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Verdict says what an address is. Scripts only reach Public ones; the others
// are told in tests and metrics, never to a script.
type Verdict string

// The verdicts.
const (
	Public        Verdict = "public"
	Unspecified   Verdict = "unspecified"
	Loopback      Verdict = "loopback"
	Private       Verdict = "private"
	SharedSpace   Verdict = "shared"
	LinkLocal     Verdict = "link_local"
	Metadata      Verdict = "metadata"
	Multicast     Verdict = "multicast"
	Reserved      Verdict = "reserved"
	Documentation Verdict = "documentation"
	Benchmark     Verdict = "benchmark"
	Embedded      Verdict = "embedded_ipv4"
	Denied        Verdict = "denied"
	Self          Verdict = "self"
	Zoned         Verdict = "zoned"
)

type block struct {
	prefix  netip.Prefix
	verdict Verdict
}

// blocks are what is not public, by IANA's special-purpose registries; the
// first match counts. Of IPv6 only 2000::/3 is public at all.
var blocks = parseBlocks([][2]string{
	{"0.0.0.0/8", string(Unspecified)},
	{"10.0.0.0/8", string(Private)},
	{"100.100.100.200/32", string(Metadata)}, // Alibaba.
	{"100.64.0.0/10", string(SharedSpace)},
	{"127.0.0.0/8", string(Loopback)},
	{"168.63.129.16/32", string(Metadata)}, // Azure's agent, on a public address.
	{"169.254.169.254/32", string(Metadata)},
	{"169.254.0.0/16", string(LinkLocal)},
	{"172.16.0.0/12", string(Private)},
	{"192.0.0.192/32", string(Metadata)}, // Oracle.
	{"192.0.0.0/24", string(Reserved)},
	{"192.0.2.0/24", string(Documentation)},
	{"192.88.99.0/24", string(Embedded)}, // The relays of 6to4.
	{"192.168.0.0/16", string(Private)},
	{"198.18.0.0/15", string(Benchmark)},
	{"198.51.100.0/24", string(Documentation)},
	{"203.0.113.0/24", string(Documentation)},
	{"224.0.0.0/4", string(Multicast)},
	{"240.0.0.0/4", string(Reserved)},

	{"::/128", string(Unspecified)},
	{"::1/128", string(Loopback)},
	{"::ffff:0:0/96", string(Embedded)},
	{"::/96", string(Embedded)},
	{"::ffff:0:0:0/96", string(Embedded)}, // RFC 2765.
	{"64:ff9b::/96", string(Embedded)},
	{"64:ff9b:1::/48", string(Embedded)},
	{"100::/64", string(Reserved)},
	{"2001::/32", string(Embedded)}, // Teredo.
	{"2001:2::/48", string(Benchmark)},
	{"2001:db8::/32", string(Documentation)},
	{"2001::/23", string(Reserved)}, // IETF's protocols.
	{"2002::/16", string(Embedded)}, // 6to4.
	{"3fff::/20", string(Documentation)},
	{"fd00:ec2::254/128", string(Metadata)},      // Amazon.
	{"fd20:ce::254/128", string(Metadata)},       // Google.
	{"fd00:c1::a9fe:a9fe/128", string(Metadata)}, // Oracle.
	{"fc00::/7", string(Private)},
	{"fe80::/10", string(LinkLocal)},
	{"fec0::/10", string(Private)}, // Site-local.
	{"ff00::/8", string(Multicast)},
})

var globalUnicast = netip.MustParsePrefix("2000::/3")

func parseBlocks(rows [][2]string) []block {
	out := make([]block, len(rows))
	for i, r := range rows {
		out[i] = block{netip.MustParsePrefix(r[0]), Verdict(r[1])}
	}
	return out
}

// classify says what an address is, before the operator's own words.
func classify(a netip.Addr) Verdict {
	if a.Zone() != "" {
		return Zoned
	}
	if !a.IsValid() {
		return Unspecified
	}
	for _, b := range blocks {
		// A prefix of IPv6 does not contain an address of IPv4, and an IPv4 address
		// in IPv6 form is one of IPv6 here.
		if b.prefix.Contains(a) {
			return b.verdict
		}
	}
	if a.Is4() {
		return Public
	}
	if !globalUnicast.Contains(a) {
		return Reserved
	}
	if b := a.As16(); b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		return Embedded // ISATAP.
	}
	return Public
}

// openable are the verdicts that the operator's allow list may overrule. What
// is the machine's own or its cloud's is not among them.
var openable = []Verdict{Private, SharedSpace, Benchmark, Documentation, Reserved, Self}

// Policy decides which addresses scripts may reach.
type Policy struct {
	allow, deny []netip.Prefix
	own         func() ([]net.Addr, error) // The machine's addresses.

	mu    sync.Mutex // Guards self and read.
	self  map[netip.Addr]struct{}
	read  time.Time
	clock func() time.Time
}

// NewPolicy makes a policy with the operator's lists of CIDR ranges. deny wins
// over allow; allow never opens loopback, link-local and metadata addresses,
// multicast, and IPv4 in IPv6.
func NewPolicy(allow, deny []netip.Prefix) *Policy {
	return &Policy{allow: allow, deny: deny, own: net.InterfaceAddrs, clock: time.Now}
}

// Check says what an address is to scripts.
func (p *Policy) Check(a netip.Addr) Verdict {
	v := classify(a)
	if v == Zoned {
		return v
	}
	in := func(list []netip.Prefix) bool {
		return slices.ContainsFunc(list, func(r netip.Prefix) bool { return r.Contains(a) })
	}
	if in(p.deny) {
		return Denied
	}
	if v == Public && p.isSelf(a) {
		v = Self
	}
	if v != Public && slices.Contains(openable, v) && in(p.allow) {
		return Public
	}
	return v
}

// selfLife is how long the machine's addresses are taken for known.
const selfLife = time.Minute

// isSelf reports whether the address is one of this machine's: its services may
// trust what comes from there.
func (p *Policy) isSelf(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.clock(); p.self == nil || now.Sub(p.read) > selfLife {
		p.self, p.read = map[netip.Addr]struct{}{}, now
		addrs, err := p.own()
		if err != nil {
			addrs = nil // It is not known; the ranges still hold.
		}
		for _, addr := range addrs {
			if n, ok := addr.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					p.self[ip.Unmap()] = struct{}{}
				}
			}
		}
	}
	_, ok := p.self[a]
	return ok
}

// badPorts are what the fetch standard blocks above 1023: services that take a
// request of HTTP for something else.
var badPorts = []uint16{
	1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

// portAllowed takes 80, 443 and what is above 1023, without badPorts.
func portAllowed(port uint16) bool {
	return port == 80 || port == 443 || port > 1023 && !slices.Contains(badPorts, port)
}

// hostPort is where a connection goes.
func hostPort(a netip.Addr, port uint16) string {
	return netip.AddrPortFrom(a, port).String()
}
