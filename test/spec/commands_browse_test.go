package spec

import (
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var hiddenField = regexp.MustCompile(`name="([^"]+)" value="([^"]*)"`)

// browse FILE USER allow|deny is a person at a browser: it waits until the file
// has an address, opens it, logs in as the user and answers the page's question.
func cmdBrowse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: browse FILE USER allow|deny")
	}
	var address string
	ts.Check(until("an address in "+args[0], func() (bool, error) {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		address = strings.TrimSpace(string(b))
		return strings.HasSuffix(string(b), "\n"), err
	}))
	page, err := browse(address, args[1], args[2])
	ts.Check(err)
	_, err = fmt.Fprintln(ts.Stdout(), page)
	ts.Check(err)
}

// browse gives the last page that the person sees.
func browse(address, user, decision string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	b := &http.Client{Jar: jar, Timeout: rig.Patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/oauth2/authorize") {
			q := r.URL.Query()
			q.Set("sim_user", user)
			r.URL.RawQuery = q.Encode()
		}
		return nil
	}}
	page, err := read(b.Get(address))
	if err != nil {
		return "", err
	}
	form := url.Values{"decision": {decision}}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		if m[1] != "decision" {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	to, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	to.RawQuery = ""
	return read(b.PostForm(to.String(), form))
}

func read(res *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", res.Request.URL, res.StatusCode, b)
	}
	return string(b), err
}
