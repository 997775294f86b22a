package api

import (
	"net/url"
	"strings"
)

// Parse is for the fuzz test.
var Parse = parse

// CLIAddress is where a command line tool that gives the address is answered.
func CLIAddress(redirect string) (string, error) {
	ask, err := readCLI(url.Values{"code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("A", 43)}, "redirect_uri": {redirect}})
	if err != nil {
		return "", err
	}
	return ask.with("code", "c"), nil
}
