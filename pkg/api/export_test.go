package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// CLIAddress is where a command line tool that gives the address is answered.
func CLIAddress(redirect string) (string, error) {
	ask, err := readCLI(url.Values{"code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("A", 43)}, "redirect_uri": {redirect}})
	if err != nil {
		return "", err
	}
	return ask.with("code", "c"), nil
}

// Parse and ParseForm are for the fuzz tests.
var Parse = parse

func ParseForm(raw []byte, boundary string) (guild, entry string, archive []byte, err error) {
	f, err := parseForm(raw, boundary)
	return f.Guild, f.Entry, f.Archive, err
}

// Limited makes the server take so many connections at once.
func Limited(s *http.Server, total int, proxies ...netip.Prefix) {
	s.ConnState = newConnections(total, proxies).changed
}

// Neighbourhood is what strangers at an address are counted by.
func Neighbourhood(address string) string { return neighbourhood(netip.MustParseAddr(address)) }

// StrictDocument is the OpenAPI document that refuses what it does not name.
func (a *API) StrictDocument() (map[string]any, error) { return a.document(true) }
