package endpoint

import "github.com/flora-runtime/flora-runtime/pkg/op"

// The methods of requests.
const (
	get    = "GET"
	post   = "POST"
	put    = "PUT"
	patch  = "PATCH"
	remove = "DELETE"
)

// object is a body that is one argument.
func object(ids ...Member) *Body { return &Body{Arg: "payload", Kind: op.Object, IDs: ids} }

// list is a body that is a list of objects.
func list(arg string, ids ...Member) *Body { return &Body{Arg: arg, Kind: op.Objects, IDs: ids} }

func (b *Body) images(names ...string) *Body {
	b.Images = names
	return b
}

func (b *Body) optional() *Body {
	b.Optional = true
	return b
}

// own are members of a body that must be channels of the guild.
func own(paths ...string) []Member {
	out := make([]Member, len(paths))
	for i, p := range paths {
		out[i] = Member{Path: p, Rule: op.Channel}
	}
	return out
}

// limit is the size of a page.
func limit(most int64) Field { return Field{Name: "limit", Kind: op.Integer, Min: 1, Max: most} }

// at is an id that a page is before, after or around.
func at(name string) Field { return Field{Name: name, Kind: op.ID, Rule: op.Within} }

func flag(name string) Field { return Field{Name: name, Kind: op.Flag} }

func text(name string) Field { return Field{Name: name, Kind: op.String} }

func integer(name string, least, most int64) Field {
	return Field{Name: name, Kind: op.Integer, Min: least, Max: most}
}

func (f Field) required() Field {
	f.Required = true
	return f
}
