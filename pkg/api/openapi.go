package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// operation is what the OpenAPI document says of a route beyond what the route
// says itself. Bodies and answers are Go types, those that the handler uses
// where it has one.
type operation struct {
	route   string // Method and path as in the table of routes.
	id      string // The original's handler name where it has one: generated clients call it so.
	tag     string
	summary string
	query   []param
	header  []param
	body    reflect.Type // Of JSON, or of a form's fields.
	form    bool         // The body is multipart/form-data.
	page    bool         // The body is a page's form.
	file    string       // The media type of a body that is a file.
	status  int          // Of success; 200.
	answer  reflect.Type // nil has no body, or one of another media type.
	media   string       // Of an answer that is not JSON.
	// unchanged is set where the answer may be 304.
	unchanged bool
	// redirects is another status of success, which leads elsewhere.
	redirects int
	// partial is set where a range of the answer may be asked for.
	partial bool
	errors  []int // Beyond those that follow from the route.
}

// param is a parameter of the query or a header.
type param struct {
	name, text string
	kind       reflect.Type
	required   bool
	oneOf      []string
}

// of is a type as the table names it.
func of[T any]() reflect.Type { return reflect.TypeFor[T]() }

// The document's own types; maps marshal with their keys in order.
type (
	object  = map[string]any
	schemas = map[reflect.Type]*jsonschema.Schema
)

// pathParams are the parameters of paths: how the document names them.
var pathParams = map[string]struct {
	name, text string
	schema     *jsonschema.Schema
}{
	"guild":    {"guild_id", "Id of the guild", &jsonschema.Schema{Type: "string", Pattern: `^[0-9]+$`}},
	"revision": {"revision_id", "Id of the revision", &jsonschema.Schema{Type: "string", Format: "uuid"}},
	"name":     {"name", "Name of a secret, a variable or a cron job", &jsonschema.Schema{Type: "string"}},
	"build":    {"build_id", "Id of the build", &jsonschema.Schema{Type: "string", Format: "uuid"}},
	"token":    {"token_id", "Id of the API token", &jsonschema.Schema{Type: "string"}},
	"store":    {"store_name", "Name of the store", &jsonschema.Schema{Type: "string"}},
	"export":   {"backup_id", "Id of the export", &jsonschema.Schema{Type: "string", Format: "uuid"}},
	"key":      {"key", "The key, as one segment", &jsonschema.Schema{Type: "string"}},
}

// problemDoc is every error's body; a code may bring further members.
type problemDoc struct {
	Message   string     `json:"message"`
	Code      fault.Code `json:"code"`
	RequestID string     `json:"request_id"`
}

// document builds the OpenAPI document of the routes. A strict one refuses
// members that it does not name, for tests: clients must bear more members, but
// the document should name all.
func (a *API) document(strict bool) (object, error) {
	d := &drawing{types: schemas{}, strict: strict, components: object{}}
	if err := d.named(); err != nil {
		return nil, err
	}
	byRoute := map[string]operation{}
	for _, o := range operations() {
		if _, twice := byRoute[o.route]; twice {
			return nil, fmt.Errorf("two operations describe %s", o.route)
		}
		byRoute[o.route] = o
	}
	paths, tags := object{}, map[string]bool{}
	for _, r := range a.routes() {
		if !a.described(r) {
			continue
		}
		o, ok := byRoute[r.method+" "+r.path]
		if !ok {
			return nil, fmt.Errorf("no operation describes %s %s", r.method, r.path)
		}
		delete(byRoute, o.route)
		doc, err := d.operation(r, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.route, err)
		}
		tags[o.tag] = true
		name, below := pathOf(r.path)
		item, ok := paths[name].(object)
		if !ok {
			item = object{}
			paths[name] = item
			if !below {
				item["servers"] = []object{{"url": "/"}}
			}
		}
		item[strings.ToLower(r.method)] = doc
	}
	for route := range byRoute {
		return nil, fmt.Errorf("an operation describes %s, which is no route", route)
	}
	names := []object{}
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		names = append(names, object{"name": tag})
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "Flora", "version": "1", "description": "One Discord bot, a script for each of its servers."},
		"servers": []object{{"url": "/api"}},
		"tags":    names,
		"paths":   paths,
		"components": object{"schemas": d.components, "securitySchemes": object{
			"bearer":  object{"type": "http", "scheme": "bearer"},
			"session": object{"type": "apiKey", "in": "cookie", "name": a.cookieName(sessionCookie)},
		}},
	}, nil
}

// described reports whether the document has the route: HEAD is like GET, the
// probes are described once, and the document does not describe itself.
func (a *API) described(r route) bool {
	if r.method == http.MethodHead || strings.HasPrefix(r.path, docsPath) {
		return false
	}
	return strings.HasPrefix(r.path, "/api/") || !r.unlimited
}

// pathOf writes a route's path like OpenAPI does, below the server's address if
// it is there.
func pathOf(path string) (name string, below bool) {
	name, below = strings.CutPrefix(path, "/api")
	parts := strings.Split(name, "/")
	for i, p := range parts {
		if key, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + paramName(key) + "}"
		}
	}
	return strings.Join(parts, "/"), below
}

func paramName(key string) string {
	if p, ok := pathParams[key]; ok {
		return p.name
	}
	return key
}

// drawing turns Go types into schemas.
type drawing struct {
	types      schemas
	strict     bool
	components object
}

// named makes the components: the types that have a name in the document.
func (d *drawing) named() error {
	d.types[of[snowflake.GuildID]()] = &jsonschema.Schema{Type: "string", Pattern: `^[0-9]+$`}
	d.types[of[json.RawMessage]()] = &jsonschema.Schema{}
	d.types[of[time.Time]()] = &jsonschema.Schema{Type: "string", Format: "date-time"}
	list := components()
	for _, c := range list {
		d.types[c.kind] = &jsonschema.Schema{Ref: "#/components/schemas/" + c.name}
	}
	for _, c := range list {
		if d.components[c.name] != nil {
			continue // Another form of the same.
		}
		ref := d.types[c.kind]
		delete(d.types, c.kind)
		s, err := d.schema(c.kind, c.request)
		d.types[c.kind] = ref
		if err != nil {
			return fmt.Errorf("component %s: %w", c.name, err)
		}
		if c.change != nil {
			c.change(s)
		}
		d.components[c.name] = s
	}
	return nil
}

func (d *drawing) schema(t reflect.Type, request bool) (*jsonschema.Schema, error) {
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: d.types})
	if err != nil {
		return nil, err
	}
	d.tidy(s, false, request)
	return s, nil
}

// tidy says what Go's types do not: a list in an answer is never null, and a
// member that may be left out is not null either. In a request null is like
// leaving the member out.
func (d *drawing) tidy(s *jsonschema.Schema, nullable, request bool) {
	if s == nil {
		return
	}
	isNull := slices.Contains(s.Types, "null")
	switch {
	case s.Items != nil && request && nullable:
		s.Types, s.Type = []string{"array", "null"}, ""
	case request && nullable && s.Type != "":
		s.Types, s.Type = []string{s.Type, "null"}, ""
	case s.Items != nil:
		s.Types, s.Type = nil, "array"
	case isNull && s.Ref != "" && nullable:
		s.AnyOf, s.Ref, s.Types = []*jsonschema.Schema{{Ref: s.Ref}, {Type: "null"}}, "", nil
	case isNull && len(s.Types) == 1: // A reference, or any value.
		s.Types = nil
	case isNull && !nullable:
		s.Type, s.Types = s.Types[1], nil
	}
	if s.Properties != nil && !d.strict {
		s.AdditionalProperties = nil
	}
	for name, p := range s.Properties {
		d.tidy(p, slices.Contains(s.Required, name) != request, request)
	}
	d.tidy(s.Items, !request, request)
	if s.Properties == nil {
		d.tidy(s.AdditionalProperties, true, request)
	}
}

func (d *drawing) operation(r route, o operation) (object, error) {
	doc := object{"operationId": o.id, "tags": []string{o.tag}, "summary": o.summary}
	switch r.access {
	case public:
	case operator:
		doc["security"] = []object{{"bearer": []string{}}}
	default:
		doc["security"] = []object{{"bearer": []string{}}, {"session": []string{}}}
	}
	params, err := d.params(r, o)
	if err != nil {
		return nil, err
	}
	if len(params) > 0 {
		doc["parameters"] = params
	}
	if (o.body != nil || o.file != "") != (r.body > 0) {
		return nil, fmt.Errorf("the route and its operation disagree on whether there is a body")
	}
	if o.body != nil {
		s, err := d.schema(o.body, true)
		if err != nil {
			return nil, err
		}
		media := "application/json"
		if o.form {
			media = "multipart/form-data"
		}
		if o.page {
			media = "application/x-www-form-urlencoded"
		}
		doc["requestBody"] = object{"required": true, "content": object{media: object{"schema": s}}}
	}
	if o.file != "" {
		doc["requestBody"] = object{"required": true, "content": object{o.file: object{"schema": object{"type": "string", "format": "binary"}}}}
	}
	doc["responses"], err = d.responses(r, o)
	return doc, err
}

func (d *drawing) params(r route, o operation) ([]object, error) {
	var out []object
	for _, segment := range strings.Split(r.path, "/") {
		key, ok := strings.CutPrefix(segment, ":")
		if !ok {
			continue
		}
		p, ok := pathParams[key]
		if !ok {
			return nil, fmt.Errorf("the parameter %q of the path has no description", key)
		}
		out = append(out, object{"name": p.name, "in": "path", "required": true, "description": p.text, "schema": p.schema})
	}
	for place, list := range map[string][]param{"query": o.query, "header": o.header} {
		for _, p := range list {
			s, err := d.schema(p.kind, false)
			if err != nil {
				return nil, err
			}
			for _, v := range p.oneOf {
				s.Enum = append(s.Enum, v)
			}
			out = append(out, object{"name": p.name, "in": place, "required": p.required, "description": p.text, "schema": s})
		}
	}
	slices.SortStableFunc(out, func(x, y object) int { return strings.Compare(fmt.Sprint(y["in"]), fmt.Sprint(x["in"])) })
	return out, nil
}

func (d *drawing) responses(r route, o operation) (object, error) {
	out := object{}
	for _, status := range append(o.errors, failures(r)...) {
		out[strconv.Itoa(status)] = object{
			"description": http.StatusText(status), "content": object{"application/json": object{"schema": d.types[of[problemDoc]()]}},
		}
	}
	status := o.status
	if status == 0 {
		status = http.StatusOK
	}
	ok := object{"description": http.StatusText(status)}
	switch {
	case o.answer != nil:
		s, err := d.schema(o.answer, false)
		if err != nil {
			return nil, err
		}
		ok["content"] = object{"application/json": object{"schema": s}}
	case o.media != "":
		ok["content"] = object{o.media: object{"schema": object{"type": "string"}}}
	}
	out[strconv.Itoa(status)] = ok
	if o.redirects != 0 {
		out[strconv.Itoa(o.redirects)] = object{"description": http.StatusText(o.redirects)}
	}
	if o.partial {
		out[strconv.Itoa(http.StatusPartialContent)] = ok
	}
	if o.unchanged {
		out[strconv.Itoa(http.StatusNotModified)] = object{"description": http.StatusText(http.StatusNotModified)}
	}
	return out, nil
}

// failures are the errors that follow from what a route is.
func failures(r route) []int {
	out := []int{http.StatusInternalServerError, http.StatusServiceUnavailable}
	if !r.unlimited {
		out = append(out, http.StatusBadRequest, http.StatusTooManyRequests)
	}
	if r.access != public {
		// A session may have to be renewed at Discord.
		out = append(out, http.StatusUnauthorized, http.StatusForbidden, http.StatusBadGateway)
	}
	if r.body > 0 {
		out = append(out, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	if r.timeout > 0 {
		out = append(out, http.StatusGatewayTimeout)
	}
	return out
}
