package egress

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/nlnwa/whatwg-url/url"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Values are put in for one hop and forgotten with it. A hop, and so what the
// next one is made of, holds placeholders only: where a redirect leads decides
// anew what is sent.

// disguise is what one request has to do with its guild's secrets. The zero
// value is that of a guild without.
type disguise struct {
	set  *secret.Set
	by   []secret.Target   // The servers that it went to.
	more map[string]string // Credentials that were sent, and what stood there.
}

func (c *Client) disguise(id snowflake.GuildID) *disguise {
	d := &disguise{}
	if c.cfg.Secrets != nil {
		d.set = c.cfg.Secrets(id)
	}
	return d
}

// scrubber takes out what the servers so far may know; nil when that is nothing.
func (d *disguise) scrubber() *secret.Scrubber {
	if d.set == nil {
		return nil
	}
	return d.set.Scrubber(d.by, d.more)
}

// outgoing is a hop as it is sent.
type outgoing struct {
	href   string
	header http.Header
	body   []byte
	stream io.Reader
}

// reveal puts values in the place of placeholders: in the path and query, in
// the values of headers, and in the body when it is text.
func (d *disguise) reveal(h hop, l Limits) (outgoing, error) {
	out := outgoing{href: h.at.Href(true), header: h.header, body: h.body, stream: h.stream}
	if d.set == nil {
		return out, nil
	}
	to := secret.Target{Scheme: h.at.Scheme(), Host: h.at.Hostname()}
	d.by = append(d.by, to)
	var err error
	if secret.Has(out.href) {
		if out.href, err = d.address(h.at, to); err != nil {
			return outgoing{}, long(err, Invalid, "EURL", "URL has", MaxURL)
		}
	}
	if out.header, err = d.headers(h.header, to); err != nil {
		return outgoing{}, long(err, TooLarge, "EHEADERS", "headers have", maxHeaderBytes)
	}
	if as := writing(h.header); as != nil && h.stream != nil {
		out.stream = &filled{from: h.stream, filler: d.set.Filler(to, as)}
	}
	if out.body, err = d.body(h, to, l.RequestBytes); err != nil {
		return outgoing{}, long(err, TooLarge, "EBODY", "body has", l.RequestBytes)
	}
	return out, nil
}

// denied makes a Failure of what secrets may not do.
func denied(err error) error {
	if d, ok := errors.AsType[*secret.Denied](err); ok {
		return failure(Refused, "ESECRET", d.Text)
	}
	return err
}

// long makes a Failure of a text that became too long.
func long(err error, o Outcome, code, what string, most int64) error {
	if errors.Is(err, secret.ErrTooLong) {
		return failure(o, code, "with its secrets the request's "+what+" more than "+strconv.FormatInt(most, 10)+" bytes")
	}
	return denied(err)
}

// address fills in path and query. What stands before them is never touched.
func (d *disguise) address(u *url.Url, to secret.Target) (string, error) {
	path, err := d.set.Fill(u.Pathname(), to, secret.InPath, MaxURL)
	if err != nil {
		return "", err
	}
	query, err := d.set.Fill(u.Search(), to, secret.InQuery, MaxURL)
	if err != nil {
		return "", err
	}
	href := origin(u) + path + query
	if len(href) > MaxURL {
		return "", secret.ErrTooLong
	}
	return href, nil
}

func (d *disguise) headers(from http.Header, to secret.Target) (http.Header, error) {
	var out http.Header // Made when something changes.
	size := 0
	for name, values := range from {
		for i, v := range values {
			filled, err := d.header(name, v, to)
			if err != nil {
				return nil, err
			}
			size += len(name) + len(filled) + 4
			if filled == v {
				continue
			}
			if out == nil {
				out = from.Clone()
			}
			out[name][i] = filled
		}
	}
	if out == nil {
		return from, nil
	}
	if size > maxHeaderBytes {
		return nil, secret.ErrTooLong
	}
	return out, nil
}

func (d *disguise) header(name, v string, to secret.Target) (string, error) {
	filled, err := d.set.Fill(v, to, secret.Plain, maxHeaderBytes)
	if err != nil {
		return "", err
	}
	if name == "Authorization" && filled == v {
		if filled, err = d.basic(v, to); err != nil {
			return "", err
		}
	}
	if strings.ContainsFunc(filled, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return "", failure(Invalid, "ESECRET", "a secret in the header "+strconv.Quote(clip(strings.ToLower(name)))+" has line breaks or control characters, which no header can hold")
	}
	return filled, nil
}

// basic fills in what Basic credentials hold in base64.
func (d *disguise) basic(v string, to secret.Target) (string, error) {
	scheme, code, ok := strings.Cut(v, " ")
	if !ok || !strings.EqualFold(scheme, "basic") {
		return v, nil
	}
	code = strings.TrimSpace(code)
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(code, "="))
	if err != nil {
		return v, nil //nolint:nilerr // Then they are something else.
	}
	filled, err := d.set.Fill(string(plain), to, secret.Plain, maxHeaderBytes)
	if err != nil || filled == string(plain) {
		return v, err
	}
	sealed := base64.StdEncoding.EncodeToString([]byte(filled))
	if d.more == nil {
		d.more = map[string]string{}
	}
	d.more[sealed] = code
	return scheme + " " + sealed, nil
}

// body fills in a body that is text. One that is compressed is none.
func (d *disguise) body(h hop, to secret.Target, most int64) ([]byte, error) {
	as := writing(h.header)
	if as == nil || !bytes.Contains(h.body, []byte(secret.Prefix)) {
		return h.body, nil
	}
	filled, err := d.set.Fill(string(h.body), to, as, int(most))
	if err != nil {
		return nil, err
	}
	return []byte(filled), nil
}

// filled is a body that is filled in as it is made.
type filled struct {
	from    io.Reader
	filler  *secret.Filler
	scratch []byte
	out     []byte
	err     error
}

// Read implements io.Reader.
func (f *filled) Read(p []byte) (int, error) {
	if f.scratch == nil {
		f.scratch = make([]byte, chunk)
	}
	for len(f.out) == 0 && f.err == nil {
		var n int
		n, f.err = f.from.Read(f.scratch)
		last := errors.Is(f.err, io.EOF)
		out, err := f.filler.Next(f.scratch[:n], last)
		if err != nil {
			out, f.err = nil, denied(err)
		}
		f.out = out
	}
	n := copy(p, f.out)
	if f.out = f.out[n:]; len(f.out) > 0 {
		return n, nil
	}
	return n, f.err
}

// writing is how values are written in a body with these headers; nil if it is
// no text.
func writing(h http.Header) func(string) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case h.Get("Content-Encoding") != "":
		return nil
	case err != nil && kind == "":
		return nil
	case kind == "application/json", kind == "text/json", strings.HasSuffix(kind, "+json"):
		return secret.InJSON
	case kind == "application/x-www-form-urlencoded":
		return secret.InForm
	case strings.HasPrefix(kind, "text/"), kind == "application/xml", strings.HasSuffix(kind, "+xml"), kind == "application/graphql":
		return secret.Plain
	}
	return nil
}

// conceal takes values out of a response's head.
func (d *disguise) conceal(out *Response) {
	s := d.scrubber()
	if s == nil {
		return
	}
	out.StatusText, out.URL = s.Text(out.StatusText), s.Text(out.URL)
	for i := range out.Headers {
		// Headers came as bytes, a character each.
		if raw, narrow := toBytes(out.Headers[i][1]); narrow {
			out.Headers[i][1] = fromBytes(s.Text(raw))
		}
	}
}

// concealBody takes values out of a body that is there as a whole.
func (d *disguise) concealBody(out *Response, most int64) error {
	s := d.scrubber()
	if s == nil {
		return nil
	}
	var small bool
	if out.Body, small = s.Bytes(out.Body, most); !small {
		return tooLarge(most)
	}
	return nil
}

// silence takes values out of an error, what lies behind it included.
func (d *disguise) silence(f *Failure) {
	s := d.scrubber()
	if s == nil {
		return
	}
	f.Text = s.Text(f.Text)
	if f.cause == nil {
		return
	}
	if text := f.cause.Error(); s.Text(text) != text {
		f.cause = errors.New(s.Text(text))
	}
}
