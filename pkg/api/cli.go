package api

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const cliPath = "/api/auth/cli"

// maxCLIText bounds the address and the state of a command line tool.
const maxCLIText = 256

// cliAsk is what a command line tool asks for: an API token, by way of a code
// that is sent to a port of the machine that the browser runs on.
type cliAsk struct {
	challenge, redirect, state string
	to                         *url.URL
}

func readCLI(q url.Values) (cliAsk, error) {
	bad := func(text string) (cliAsk, error) {
		return cliAsk{}, fault.New(fault.BadRequest, "Bad request: %s", text)
	}
	ask := cliAsk{challenge: q.Get("code_challenge"), redirect: q.Get("redirect_uri"), state: q.Get("state")}
	if q.Get("code_challenge_method") != "S256" {
		return bad("code_challenge_method must be S256")
	}
	if err := auth.CheckChallenge(ask.challenge); err != nil {
		return cliAsk{}, err
	}
	if len(ask.state) > maxCLIText {
		return bad("state is longer than 256 bytes")
	}
	u, err := url.Parse(ask.redirect)
	odd := strings.ContainsFunc(ask.redirect, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' })
	// The host is compared as it is written: other spellings of this machine are
	// not needed, and browsers read them in other ways.
	if err == nil {
		var port uint64
		port, err = strconv.ParseUint(u.Port(), 10, 16)
		odd = odd || port == 0
	}
	if err != nil || odd || len(ask.redirect) > maxCLIText || u.Scheme != "http" || u.Host != "127.0.0.1:"+u.Port() ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return bad("redirect_uri must be like http://127.0.0.1:PORT/path, without a query")
	}
	ask.to = u
	return ask, nil
}

// with is the tool's address with an answer.
func (ask cliAsk) with(key, value string) string {
	q := url.Values{key: {value}}
	if ask.state != "" {
		q.Set("state", ask.state)
	}
	u := *ask.to
	u.RawQuery = q.Encode()
	return u.String()
}

// parts are what the page's ticket stands for.
func (ask cliAsk) parts() []string { return []string{ask.challenge, ask.redirect, ask.state} }

const cliStyle = template.CSS("body{font:16px/1.5 sans-serif;margin:4em auto;max-width:32em;padding:0 1em}button{font:inherit;padding:.4em 1.2em;margin-right:.6em}")

var cliTemplate = template.Must(template.New("cli").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Flora: log in the command line</title>
<style>{{.Style}}</style></head><body>
<h1>Log in the flora command line?</h1>
<p>You are logged in as <strong>{{.Name}}</strong>. A program on this computer, at {{.Host}}, asks for an API token. With it, it can
deploy scripts and read and change data in every server that you administer, until you delete the token.</p>
<p>Only allow this if you have just started <code>flora login</code> yourself.</p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="code_challenge" value="{{.Challenge}}"><input type="hidden" name="code_challenge_method" value="S256">
<input type="hidden" name="redirect_uri" value="{{.Redirect}}"><input type="hidden" name="state" value="{{.State}}">
<input type="hidden" name="ticket" value="{{.Ticket}}">
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Cancel</button>
</form></body></html>
`))

// cliPolicy lets the page do nothing but send its form, which leads on to the
// tool's address.
func cliPolicy(ask cliAsk) string {
	sum := sha256.Sum256([]byte(cliStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http://" + ask.to.Host
}

// cliPage asks the person in the browser whether the command line may have a
// token; who has not logged in does so first.
func (a *API) cliPage(c *call) error {
	s, err := a.sessions()
	if err != nil {
		return err
	}
	ask, err := readCLI(c.QueryParams())
	if err != nil {
		return err
	}
	who, err := s.Identify(c.ctx(), a.cookie(c.Request(), sessionCookie))
	if fault.Is(err, fault.Unauthorized) {
		return c.Redirect(http.StatusFound, loginPath+"?"+url.Values{"next": {c.Request().URL.RequestURI()}}.Encode())
	}
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", cliPolicy(ask))
	h.Set("Content-Type", "text/html; charset=utf-8")
	c.Response().WriteHeader(http.StatusOK)
	return cliTemplate.Execute(c.Response(), map[string]any{
		"Style": cliStyle, "Name": who.Username, "Host": ask.to.Host, "Action": cliPath, "Challenge": ask.challenge,
		"Redirect": ask.redirect, "State": ask.state, "Ticket": s.Ticket(who, ask.parts()...),
	})
}

// cliDecide is the page's form.
func (a *API) cliDecide(c *call) error {
	s, err := a.sessions()
	if err != nil {
		return err
	}
	if err := a.ownOrigin(c); err != nil {
		return err
	}
	who, err := s.Identify(c.ctx(), a.cookie(c.Request(), sessionCookie))
	if err != nil {
		return err
	}
	form, err := c.form()
	if err != nil {
		return err
	}
	ask, err := readCLI(form)
	if err != nil {
		return err
	}
	if err := s.CheckTicket(who, form.Get("ticket"), ask.parts()...); err != nil {
		return err
	}
	if form.Get("decision") != "allow" {
		return c.Redirect(http.StatusSeeOther, ask.with("error", "access_denied"))
	}
	code, err := s.Allow(c.ctx(), who, ask.challenge)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, ask.with("code", code))
}

// form reads the body of a page's form.
func (c *call) form() (url.Values, error) {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.UnsupportedType, "the body must be a form; send the header Content-Type: application/x-www-form-urlencoded")
	}
	raw, err := c.read()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, fault.New(fault.BadRequest, "Bad request: the form is malformed")
	}
	return form, nil
}

// cliCode is the body with which a command line tool redeems its code.
type cliCode struct {
	Code     string  `json:"code"`
	Verifier string  `json:"code_verifier"`
	Label    *string `json:"label,omitempty"`
}

// cliForm is the page's form, for the OpenAPI document.
type cliForm struct {
	Challenge string `json:"code_challenge"`
	Method    string `json:"code_challenge_method"`
	Redirect  string `json:"redirect_uri"`
	State     string `json:"state"`
	Ticket    string `json:"ticket"`
	Decision  string `json:"decision"`
}

// cliToken gives the command line its token for the code.
func (a *API) cliToken(c *call) error {
	s, err := a.sessions()
	if err != nil {
		return err
	}
	var in cliCode
	if err := c.body(&in); err != nil {
		return err
	}
	owner, err := s.Redeem(c.ctx(), in.Code, in.Verifier)
	if err != nil {
		return err
	}
	label := "flora command line"
	if in.Label != nil {
		label = *in.Label
	}
	text, t, err := a.cfg.Tokens.Create(c.ctx(), label, owner)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, madeToken{text, t.Shown()})
}
