package secret

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/platform"
)

// Bounds of a guild's secrets.
const (
	MaxSecrets = 100
	MaxName    = 128
	MaxValue   = 64 << 10 // Bytes.
	MaxHosts   = 32
	maxHost    = 253
)

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// CheckName refuses what cannot be a secret's or a variable's name.
func CheckName(name string) error {
	if len(name) > MaxName || !nameForm.MatchString(name) {
		return fault.New(fault.InvalidInput, "Bad request: a name has 1 to %d letters, digits, \"_\", \".\" and \"-\", and begins with a letter or \"_\"", MaxName)
	}
	return nil
}

func checkValue(text string) error {
	switch {
	case text == "":
		return fault.New(fault.InvalidInput, "Bad request: the value is empty; delete the secret instead")
	case len(text) > MaxValue:
		return fault.New(fault.TooLarge, "the value has %d bytes; a secret may have %d", len(text), MaxValue)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return fault.New(fault.InvalidInput, "Bad request: the value must be UTF-8 without NUL; encode bytes as base64")
	case strings.Contains(text, Prefix):
		return fault.New(fault.InvalidInput, "Bad request: the value is a placeholder, not a secret")
	}
	return nil
}

// Hosts reads a list of hosts as people write them and gives them as they are
// compared: sorted, without scheme, port and path.
func Hosts(list []string) ([]string, error) {
	if len(list) == 0 {
		return nil, fault.New(fault.InvalidInput, `Bad request: allowed_hosts needs at least one host that the secret may be sent to, such as "api.example.com" or "*.example.com"; "*" allows every host`)
	}
	if len(list) > MaxHosts {
		return nil, fault.New(fault.InvalidInput, "Bad request: allowed_hosts has %d entries; at most %d are taken", len(list), MaxHosts)
	}
	out := make([]string, 0, len(list))
	for _, text := range list {
		host, err := pattern(text)
		if err != nil {
			return nil, err
		}
		out = append(out, host)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func pattern(text string) (string, error) {
	bad := func(why string) error {
		shown := text
		if len(shown) > 80 {
			shown = strings.ToValidUTF8(shown[:80], "") + "..."
		}
		return fault.New(fault.InvalidInput, "Bad request: allowed_hosts: %q is no host: %s", shown, why)
	}
	host := strings.TrimSpace(text)
	if host == "*" {
		return host, nil
	}
	if scheme, rest, ok := strings.Cut(host, "://"); ok {
		if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return "", bad("only http and https addresses can be fetched")
		}
		host, _, _ = strings.Cut(rest, "/")
		if strings.Contains(host, "@") {
			return "", bad("leave the user name out")
		}
	}
	suffix, wild := strings.CutPrefix(host, "*.")
	switch {
	case suffix == "":
		return "", bad("it is empty")
	case strings.Contains(suffix, "*"):
		return "", bad(`a "*" stands alone, or at the beginning as in "*.example.com"`)
	case strings.ContainsAny(suffix, "/?#@\\ "):
		return "", bad(`write the host alone, such as "api.example.com"`)
	}
	u, err := platform.Parse("", "https://"+suffix+"/")
	if err != nil || u.Hostname() == "" || len(u.Hostname()) > maxHost {
		return "", bad(`write it like "api.example.com"`)
	}
	name := strings.TrimSuffix(u.Hostname(), ".")
	if name == "" || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return "", bad("it has an empty part")
	}
	if !wild {
		return name, nil
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "", bad("an address has no subdomains")
	}
	if end, _ := publicsuffix.PublicSuffix(name); end == name {
		return "", bad(`anybody may have a host under it; name more of it, or say "*" if every host is meant`)
	}
	return "*." + name, nil
}

// matches reports whether the pattern, one that Hosts gave, allows the host.
func matches(pattern, host string) bool {
	suffix, wild := strings.CutPrefix(pattern, "*.")
	switch {
	case pattern == "*":
		return true
	case !wild:
		return pattern == host
	}
	return host == suffix || strings.HasSuffix(host, "."+suffix)
}
