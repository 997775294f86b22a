package discordsim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxBody is the largest request body, Discord's 25 MiB of files plus their JSON.
const maxBody = 26 << 20

// route is one REST endpoint.
type route struct {
	method, pattern string
	handle          func(*call) (any, error)
	// status is the answer's on success; 0 means 200 with a body, 204 without.
	status int
	// open routes are authorized by a token in their path.
	open bool
	// free routes are outside the global rate limit.
	free bool
	// bearer is the scope with which people may use the route through an
	// application, "" for bots only.
	bearer string
	// form routes take a body of application/x-www-form-urlencoded.
	form   bool
	bucket bucketRule

	// name is the method and the pattern, and params the parameters in order.
	name   string
	params []string
}

// call is one request to a route. Its handler runs with Sim.mu held.
type call struct {
	sim    *Sim
	req    *http.Request
	route  *route
	path   string
	values []string
	query  url.Values
	body   []byte
	files  []upload
	status int
	// isJSON is set once the body has been read as JSON, and isForm when it is
	// made of a form's fields.
	isJSON, isForm bool
	// scripted is set when a fault says what is answered.
	scripted bool
	// wasRead is set once the body has been taken in.
	wasRead bool
	// formBody is the body of a form route.
	formBody url.Values
	// grant is what the caller was allowed, nil for the bot.
	grant *grant
	// guild is whose audit log an entry goes to.
	guild *guild
	// about is the interaction that the request answers.
	about *interaction
	// received is when the request came in.
	received time.Time
}

// param is the value of a parameter of the path, "" when it has none of the name.
func (c *call) param(name string) string {
	for i, n := range c.route.params {
		if n == name {
			return c.values[i]
		}
	}
	return ""
}

// router finds the route of a REST request.
type router struct {
	sim  *Sim
	tree tree
}

func newRouter(s *Sim, routes []route) *router {
	r := &router{sim: s}
	for i := range routes {
		rt := &routes[i]
		rt.name = rt.method + " " + rt.pattern
		rt.bucket.name(rt)
		r.tree.add(rt)
	}
	return r
}

// serve answers a request for a path below prefix.
func (r *router) serve(ctx context.Context, w http.ResponseWriter, req *http.Request, prefix string) {
	segments, ok := splitPath(req.URL, prefix)
	if !ok {
		writeError(w, errRouteNotFound)
		return
	}
	rt, values, known := r.tree.find(req.Method, segments, make([]string, 0, 4))
	switch {
	case rt != nil:
		r.sim.serveCall(ctx, w, &call{
			sim: r.sim, req: req, route: rt, values: values, path: strings.TrimPrefix(req.URL.Path, prefix), received: time.Now(),
		})
	case known:
		writeError(w, errMethodNotAllowed)
	default:
		writeError(w, errRouteNotFound)
	}
}

func (s *Sim) serveCall(ctx context.Context, w http.ResponseWriter, c *call) {
	seen := Request{Method: c.req.Method, Path: c.path, Query: c.req.URL.RawQuery, Route: c.route.name, Reason: c.reason()}
	status, body := s.answer(ctx, w, c, &seen)
	seen.Status, seen.At = status, s.now()
	s.requests.add(seen)
	s.exchanged(c, status, body)
	writeJSON(w, status, body)
}

// answer is the request with the fault that is scripted for it, if any.
func (s *Sim) answer(ctx context.Context, w http.ResponseWriter, c *call, seen *Request) (int, []byte) {
	fault := s.faults.forRequest(seen.Path, seen.Route)
	if fault == nil {
		return s.process(w, c, seen)
	}
	fault.wait(ctx)
	if fault.Drop && !fault.Done {
		hangUp()
	}
	c.scripted = fault.Status != 0
	if fault.Status != 0 && !fault.Done {
		return fault.answer(w.Header())
	}
	status, body := s.process(w, c, seen)
	if fault.Drop {
		hangUp()
	}
	if fault.Status != 0 {
		return fault.answer(w.Header())
	}
	return status, body
}

func (s *Sim) process(w http.ResponseWriter, c *call, seen *Request) (int, []byte) {
	if err := s.authorize(c); err != nil {
		return encodeError(err)
	}
	if !s.cfg.NoRateLimits {
		if refused := s.limits.take(w.Header(), c); refused != nil {
			return refused.encode()
		}
	}
	if err := c.read(w); err != nil {
		return encodeError(err)
	}
	c.wasRead = true
	seen.Files = fileNames(c.files)
	defer func() {
		if c.isJSON || json.Valid(c.body) {
			seen.Body = c.body
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return encodeError(refuse(http.StatusServiceUnavailable, 0, "503: Service Unavailable"))
	}
	out, err := c.route.handle(c)
	status, body := c.result(out, err)
	if c.about != nil {
		c.about.record(c, s.now(), status, err)
	}
	if err == nil {
		s.audit(c, body)
	}
	return status, body
}

func (c *call) result(out any, err error) (int, []byte) {
	if err != nil {
		return encodeError(err)
	}
	return c.encode(out)
}

func (c *call) encode(out any) (int, []byte) {
	status := c.route.status
	if c.status != 0 {
		status = c.status
	}
	if out == nil {
		if status == 0 {
			status = http.StatusNoContent
		}
		return status, nil
	}
	if status == 0 {
		status = http.StatusOK
	}
	switch out := out.(type) {
	case json.RawMessage:
		return status, out
	case *message:
		return status, mustEncode(out)
	}
	body, err := encodeJSON(out)
	if err != nil {
		return encodeError(err)
	}
	return status, body
}

// authorize finds out who calls: nobody where that is all the same, the bot, or
// a person through the application.
func (s *Sim) authorize(c *call) error {
	if c.route.open || s.authorized(c.req) {
		return nil
	}
	token, ok := strings.CutPrefix(c.req.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return errUnauthorized
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.grant = s.granted(token); {
	case c.grant == nil:
		return errUnauthorized
	case c.route.bearer == "":
		return errUnauthorized
	case !c.grant.allows(c.route.bearer):
		return errMissingAccess
	}
	return nil
}

func (s *Sim) authorized(req *http.Request) bool {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bot ")
	return ok && s.acceptsToken(token)
}

func (s *Sim) acceptsToken(token string) bool {
	if s.tokenReset.Load() {
		return false
	}
	token = strings.TrimPrefix(token, "Bot ")
	if s.cfg.Token == "" {
		return token != ""
	}
	return token == strings.TrimPrefix(s.cfg.Token, "Bot ")
}

// reason is the audit log's reason, which comes percent-encoded.
func (c *call) reason() string {
	text := c.req.Header.Get("X-Audit-Log-Reason")
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

// read takes the body in, JSON or multipart.
func (c *call) read(w http.ResponseWriter) error {
	if c.req.URL.RawQuery != "" {
		c.query = c.req.URL.Query()
	}
	if c.req.ContentLength == 0 || c.req.Body == nil {
		return nil
	}
	kind := c.req.Header.Get("Content-Type")
	reader := http.MaxBytesReader(w, c.req.Body, maxBody)
	if strings.HasPrefix(kind, "multipart/form-data") {
		return c.readMultipart(reader, kind)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		return readFailure(err)
	}
	if c.route.form {
		return c.readForm(body, kind)
	}
	c.body = body
	if len(body) > 0 && !strings.HasPrefix(kind, "application/json") {
		return invalidForm("CONTENT_TYPE_INVALID", `Expected "Content-Type" header to be one of {'application/json'}.`, "_errors")
	}
	return nil
}

func readFailure(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge
	}
	return errBadJSON
}

// form reads the body as a JSON object.
func (c *call) form() (form, error) {
	f, err := parseForm(c.body)
	c.isJSON = err == nil && len(c.body) > 0
	return f, err
}

// forms reads the body as an array of at most most JSON objects.
func (c *call) forms(most int) ([]form, form, error) { return parseForms(c.body, most) }

// pathID reads an id out of the path.
func pathID[T ~uint64](c *call, name string) (T, error) {
	text := c.param(name)
	id, err := snowflake.ParseGuild(text)
	if err != nil {
		return 0, notSnowflake(name+"_id", text)
	}
	return T(id), nil
}

// queryID reads an id out of the query; 0 means that it was not given.
func queryID[T ~uint64](c *call, name string) (T, error) {
	text := c.query.Get(name)
	if text == "" {
		return 0, nil
	}
	id, ok := asID(text)
	if !ok {
		return 0, notSnowflake(name, text)
	}
	return T(id), nil
}

// queryLimit reads "limit" within 1..most.
func (c *call) queryLimit(standard, most int) (int, error) {
	text := c.query.Get("limit")
	if text == "" {
		return standard, nil
	}
	f := form{fields: map[string]any{"limit": text}, root: &errorNode{}}
	n, _ := f.number("limit", 1, int64(most))
	return int(n), f.err()
}

func (c *call) queryFlag(name string) bool {
	v := c.query.Get(name)
	return v == "true" || v == "1" || v == "True"
}

func encodeError(err error) (int, []byte) {
	var api *apiError
	if !errors.As(err, &api) {
		api = refuse(http.StatusInternalServerError, 0, "500: Internal Server Error")
	}
	body, err := encodeJSON(api)
	if err != nil {
		return http.StatusInternalServerError, []byte(`{"message":"500: Internal Server Error","code":0}`)
	}
	return api.Status, body
}

func writeError(w http.ResponseWriter, err *apiError) {
	status, body := encodeError(err)
	writeJSON(w, status, body)
}

// writeJSON answers; a failure to write means that the caller has gone.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	if body != nil {
		w.Header()["Content-Type"] = jsonContent
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// jsonContent is without a charset: eris compares the whole header.
var jsonContent = []string{"application/json"}
