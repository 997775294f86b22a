package discordsim

import (
	pages "html/template"
	"net/http"
	"net/url"
)

// authorizePage asks who allows it; each button is a person.
var authorizePage = pages.Must(pages.New("authorize").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Simulated Discord</title>
<style>body{font:16px sans-serif;margin:3em auto;max-width:30em}button{display:block;margin:.5em 0;font:inherit}</style>
<h1>Simulated Discord</h1>
<p>An application wants to know: {{.Scope}}. Who are you?</p>
<form method="get">
{{range $key, $values := .Query}}{{range $values}}<input type="hidden" name="{{$key}}" value="{{.}}">
{{end}}{{end}}{{range .People}}<button name="sim_user" value="{{.}}">Log in as {{.}}</button>
{{end}}<button name="sim_user" value="deny">Cancel</button>
</form></html>
`))

func writeAuthorizePage(w http.ResponseWriter, q url.Values, names []string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	// A failure to write means that the caller has gone.
	_ = authorizePage.Execute(w, map[string]any{"Query": q, "Scope": q.Get("scope"), "People": names})
}
