package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// docsPath is where the API's documents are, outside /api like the original's.
const docsPath = "/api-docs"

func (a *API) docsRoutes() []route {
	return []route{
		{method: "GET", path: docsPath, access: public, handle: a.docsPage},
		{method: "GET", path: docsPath + "/openapi.json", access: public, handle: a.openapi},
	}
}

// documents are made once, when the API is: they only depend on the code.
type documents struct {
	openapi, page []byte
}

func (a *API) draw() (documents, error) {
	doc, err := a.document(false)
	if err != nil {
		return documents{}, fmt.Errorf("describe the API: %w", err)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return documents{}, fmt.Errorf("describe the API: %w", err)
	}
	// Read back, so that the page sees what readers of the document see.
	var read openapiDoc
	if err := json.Unmarshal(raw, &read); err != nil {
		return documents{}, fmt.Errorf("describe the API: %w", err)
	}
	var page bytes.Buffer
	if err := docsTemplate.Execute(&page, read.groups()); err != nil {
		return documents{}, fmt.Errorf("describe the API: %w", err)
	}
	return documents{openapi: raw, page: page.Bytes()}, nil
}

func (a *API) openapi(c *call) error {
	return c.JSONBlob(http.StatusOK, a.docs.openapi)
}

func (a *API) docsPage(c *call) error {
	// It has no script and loads nothing.
	c.Response().Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	return c.HTMLBlob(http.StatusOK, a.docs.page)
}

// openapiDoc is what the page shows of the document.
type openapiDoc struct {
	Paths map[string]map[string]json.RawMessage `json:"paths"`
}

type pageOperation struct {
	Method, Path string
	Summary      string   `json:"summary"`
	ID           string   `json:"operationId"`
	Tags         []string `json:"tags"`
	Parameters   []struct {
		Name        string `json:"name"`
		In          string `json:"in"`
		Description string `json:"description"`
		Required    bool   `json:"required"`
	} `json:"parameters"`
	RequestBody json.RawMessage            `json:"requestBody"`
	Responses   map[string]json.RawMessage `json:"responses"`
	Security    []json.RawMessage          `json:"security"`
}

type pageGroup struct {
	Tag        string
	Operations []pageOperation
}

func (d openapiDoc) groups() []pageGroup {
	byTag := map[string][]pageOperation{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		base := "/api"
		if d.Paths[path]["servers"] != nil {
			base = ""
		}
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			var o pageOperation
			if json.Unmarshal(d.Paths[path][method], &o) != nil {
				continue
			}
			o.Method, o.Path = strings.ToUpper(method), base+path
			byTag[o.Tags[0]] = append(byTag[o.Tags[0]], o)
		}
	}
	var out []pageGroup
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		out = append(out, pageGroup{tag, byTag[tag]})
	}
	return out
}

var docsTemplate = template.Must(template.New("docs").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Flora API</title><meta name="viewport" content="width=device-width">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code{font-family:ui-monospace,monospace}
details{border-top:1px solid #8884;padding:.3rem 0}summary{cursor:pointer}small{opacity:.7}b{display:inline-block;min-width:4.5rem}</style></head>
<body><h1>Flora API</h1><p>The whole document: <a href="/api-docs/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
{{range .}}<h2>{{.Tag}}</h2>
{{range .Operations}}<details id="{{.ID}}"><summary><code><b>{{.Method}}</b> {{.Path}}</code> {{.Summary}}</summary>
<ul>{{range .Parameters}}<li><code>{{.Name}}</code> ({{.In}}{{if .Required}}, required{{end}}): {{.Description}}</li>{{end}}
{{with .RequestBody}}<li>Body: <pre>{{printf "%s" .}}</pre></li>{{end}}
{{range $status, $doc := .Responses}}<li>{{$status}}{{if eq (slice $status 0 1) "2"}}: <pre>{{printf "%s" $doc}}</pre>{{end}}</li>{{end}}
{{if not .Security}}<li>Needs no credentials.</li>{{end}}</ul></details>
{{end}}{{end}}</body></html>
`))
