package api

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/labstack/echo/v4"
)

// Site says how the API is reached.
type Site struct {
	// URL is an address of it from outside; pages there may act with the
	// sessions of their users. "" is where a request came in.
	URL string
	// Secure says that it is reached by https only.
	Secure bool
	// Proxies may say for whom they ask.
	Proxies []netip.Prefix
}

// origins knows the pages that may act with a session.
func (s Site) origins() (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	if s.URL == "" {
		return p, nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no address of a site", s.URL)
	}
	if err := p.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("the site's address: %w", err)
	}
	return p, nil
}

// addresses finds out who a request comes from: of those who are named, the
// last whom no trusted proxy is. Headers of anybody else can be made up.
func (s Site) addresses() echo.IPExtractor {
	if len(s.Proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trusted := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range s.Proxies {
		trusted = append(trusted, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(trusted...)
}

// year is how long browsers keep to https.
const year = "max-age=31536000"

// guard keeps browsers from doing with an answer what it is not for. Pages set
// a policy of their own.
func (s Site) guard(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	// Not no-referrer: with it browsers do not tell where a form comes from.
	h.Set("Referrer-Policy", "same-origin")
	if s.Secure {
		h.Set("Strict-Transport-Security", year)
	}
}
