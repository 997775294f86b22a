package egress

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	p := NewPolicy(nil, nil)
	p.own = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.ParseIP("93.184.216.99"), Mask: net.CIDRMask(24, 32)}}, nil
	}
	for address, want := range map[string]Verdict{
		"1.1.1.1": Public, "8.8.8.8": Public, "93.184.216.34": Public, "11.0.0.0": Public, "9.255.255.255": Public,
		"100.63.255.255": Public, "100.128.0.0": Public, "126.255.255.255": Public, "128.0.0.1": Public, "169.253.255.255": Public,
		"169.255.0.0": Public, "172.15.255.255": Public, "172.32.0.0": Public, "192.0.1.0": Public, "192.167.255.255": Public,
		"192.169.0.0": Public, "198.17.255.255": Public, "198.20.0.0": Public, "223.255.255.255": Public, "168.63.129.15": Public,
		"2606:4700:4700::1111": Public, "2a00:1450:4001::1": Public, "2400::1": Public, "2620:0:2d0::1": Public,

		"0.0.0.0": Unspecified, "0.1.2.3": Unspecified, "10.0.0.1": Private, "10.255.255.255": Private,
		"100.64.0.0": SharedSpace, "100.127.255.255": SharedSpace, "100.100.100.200": Metadata,
		"127.0.0.1": Loopback, "127.255.255.255": Loopback, "168.63.129.16": Metadata,
		"169.254.169.254": Metadata, "169.254.0.1": LinkLocal, "169.254.170.2": LinkLocal,
		"172.16.0.0": Private, "172.31.255.255": Private, "192.0.0.1": Reserved, "192.0.0.192": Metadata,
		"192.0.2.1": Documentation, "192.88.99.1": Embedded, "192.168.0.1": Private, "198.18.0.1": Benchmark, "198.19.255.255": Benchmark,
		"198.51.100.7": Documentation, "203.0.113.7": Documentation, "224.0.0.1": Multicast, "239.255.255.255": Multicast,
		"240.0.0.1": Reserved, "255.255.255.255": Reserved,

		"::": Unspecified, "::1": Loopback, "::127.0.0.1": Embedded, "::8.8.8.8": Embedded,
		"::ffff:127.0.0.1": Embedded, "::ffff:8.8.8.8": Embedded, "::ffff:0:127.0.0.1": Embedded,
		"64:ff9b::7f00:1": Embedded, "64:ff9b::808:808": Embedded, "64:ff9b:1::a00:1": Embedded, "64:ff9b:2::1": Reserved,
		"100::1": Reserved, "2001::7f00:1": Embedded, "2001:0:4136:e378:8000:63bf:3fff:fdd2": Embedded,
		"2001:2::1": Benchmark, "2001:10::1": Reserved, "2001:20::1": Reserved, "2001:1ff::1": Reserved, "2001:200::1": Public,
		"2001:db8::1": Documentation, "2002:7f00:1::": Embedded, "2002:808:808::1": Embedded, "3fff::1": Documentation,
		"fc00::1": Private, "fd12:3456::1": Private, "fd00:ec2::254": Metadata, "fd20:ce::254": Metadata, "fd00:c1::a9fe:a9fe": Metadata,
		"fe80::1": LinkLocal, "febf::1": LinkLocal, "fec0::1": Private, "ff02::1": Multicast, "4000::1": Reserved, "5f00::1": Reserved,
		"2a00:1450::5efe:7f00:1": Embedded, "2a00:1450::200:5efe:a00:1": Embedded,
		"fe80::1%eth0": Zoned, "2606:4700::1%1": Zoned, "93.184.216.99": Self,
	} {
		if got := p.Check(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
	if got := p.Check(netip.Addr{}); got != Unspecified {
		t.Errorf("no address is %s", got)
	}
}

func TestOperatorsRanges(t *testing.T) {
	t.Parallel()
	ranges := func(list ...string) []netip.Prefix {
		out := make([]netip.Prefix, len(list))
		for i, r := range list {
			out[i] = netip.MustParsePrefix(r)
		}
		return out
	}
	everything := ranges("0.0.0.0/0", "::/0")
	p := NewPolicy(ranges("10.1.0.0/16", "fd00:1::/32", "172.16.5.5/32"), ranges("10.1.9.0/24", "8.8.8.0/24", "2606:4700::/32"))
	all := NewPolicy(everything, nil)
	none := NewPolicy(everything, everything)
	for _, row := range []struct {
		policy  *Policy
		address string
		want    Verdict
	}{
		{p, "10.1.2.3", Public}, {p, "10.2.2.3", Private}, {p, "10.1.9.1", Denied}, {p, "8.8.8.8", Denied}, {p, "8.8.4.4", Public},
		{p, "fd00:1::5", Public}, {p, "fd00:2::5", Private}, {p, "172.16.5.5", Public}, {p, "172.16.5.6", Private}, {p, "2606:4700::1", Denied},
		{all, "10.0.0.1", Public}, {all, "100.64.0.1", Public},
		// No list opens these.
		{all, "127.0.0.1", Loopback}, {all, "::1", Loopback}, {all, "169.254.169.254", Metadata}, {all, "fd00:ec2::254", Metadata},
		{all, "169.254.1.1", LinkLocal}, {all, "fe80::1", LinkLocal}, {all, "0.0.0.0", Unspecified}, {all, "::", Unspecified},
		{all, "224.0.0.1", Multicast}, {all, "::ffff:10.0.0.1", Embedded}, {all, "64:ff9b::a00:1", Embedded}, {all, "168.63.129.16", Metadata},
		{none, "1.1.1.1", Denied}, {none, "10.0.0.1", Denied},
	} {
		if got := row.policy.Check(netip.MustParseAddr(row.address)); got != row.want {
			t.Errorf("%s is %s, want %s", row.address, got, row.want)
		}
	}
}

// The machine's addresses are read again: they change while it runs.
func TestOwnAddressesAreReadAgain(t *testing.T) {
	t.Parallel()
	p := NewPolicy(nil, nil)
	now := time.Unix(1000, 0)
	p.clock = func() time.Time { return now }
	own := "9.9.9.9"
	p.own = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.ParseIP(own), Mask: net.CIDRMask(24, 32)}}, nil
	}
	check := func(address string, want Verdict) {
		t.Helper()
		if got := p.Check(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
	check("9.9.9.9", Self)
	own = "7.7.7.7"
	check("7.7.7.7", Public)
	now = now.Add(selfLife + time.Second)
	check("7.7.7.7", Self)
	check("9.9.9.9", Public)
}

func TestPorts(t *testing.T) {
	t.Parallel()
	for port, want := range map[uint16]bool{
		80: true, 443: true, 1024: true, 8080: true, 8443: true, 3000: true, 65535: true,
		0: false, 1: false, 22: false, 25: false, 53: false, 110: false, 1023: false, 2049: false, 6000: false, 6667: false, 10080: false,
	} {
		if got := portAllowed(port); got != want {
			t.Errorf("port %d: %t", port, got)
		}
	}
}

// The socket's own address is checked below the resolver and the dialler.
func TestTheSocketIsChecked(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	d := newDialer(NewPolicy(nil, nil), nil, nil)
	if c, err := d.dial(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, errForbidden) {
		t.Errorf("got %v, %v", c, err)
	}
}
