package discordsim

import (
	"net/url"
	"strings"
)

// tree finds a route by its method and the segments of its path. A literal
// segment goes before a parameter, with a way back, so that /messages/pins/{x}
// and /messages/{x}/reactions may stand side by side (http.ServeMux refuses them).
type tree struct {
	literal map[string]*tree
	param   *tree
	routes  map[string]*route // by method.
}

// add puts the route below the segments of its pattern.
func (t *tree) add(rt *route) {
	node := t
	for _, segment := range strings.Split(strings.TrimPrefix(rt.pattern, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			rt.params = append(rt.params, strings.Trim(segment, "{}"))
			if node.param == nil {
				node.param = &tree{}
			}
			node = node.param
			continue
		}
		if node.literal[segment] == nil {
			if node.literal == nil {
				node.literal = map[string]*tree{}
			}
			node.literal[segment] = &tree{}
		}
		node = node.literal[segment]
	}
	if node.routes == nil {
		node.routes = map[string]*route{}
	}
	node.routes[rt.method] = rt
}

// find returns the route and the values of its parameters. known reports
// whether the path has a route of any method.
func (t *tree) find(method string, segments, values []string) (rt *route, got []string, known bool) {
	if len(segments) == 0 {
		return t.routes[method], values, len(t.routes) > 0
	}
	if next := t.literal[segments[0]]; next != nil {
		rt, got, known = next.find(method, segments[1:], values)
	}
	if rt == nil && t.param != nil && segments[0] != "" {
		var also bool
		rt, got, also = t.param.find(method, segments[1:], append(values, segments[0]))
		known = known || also
	}
	return rt, got, known
}

// splitPath cuts the path below prefix into its segments, decoded; ok is false
// for one that cannot be decoded.
func splitPath(u *url.URL, prefix string) (segments []string, ok bool) {
	raw := u.RawPath == ""
	path := u.Path
	if !raw {
		path = u.RawPath
	}
	segments = make([]string, 0, 8)
	for segment := range strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(path, prefix), "/"), "/") {
		if !raw {
			decoded, err := url.PathUnescape(segment)
			if err != nil {
				return nil, false
			}
			segment = decoded
		}
		segments = append(segments, segment)
	}
	return segments, true
}
