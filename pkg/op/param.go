package op

import (
	"encoding/json"
	"reflect"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Kind is what a member of an op's arguments holds.
type Kind string

// The kinds of members. What is Any has rules of its own in its handler.
const (
	ID      Kind = "id"
	IDs     Kind = "ids"
	String  Kind = "text"
	Strings Kind = "texts"
	Integer Kind = "integer"
	Flag    Kind = "flag"
	Bits    Kind = "bits" // A set of permissions: a decimal string, or a number.
	Object  Kind = "object"
	Objects Kind = "objects"
	Any     Kind = "any"
)

// Param describes one member of an op's arguments.
type Param struct {
	Name     string
	Kind     Kind
	Rule     Rule // What the id must be proven to belong to; "" for what is no id.
	Required bool
}

// byType says what ids of a type must be proven to belong to.
var byType = map[reflect.Type]Rule{
	reflect.TypeFor[snowflake.GuildID]():       Guild,
	reflect.TypeFor[snowflake.ChannelID]():     Channel,
	reflect.TypeFor[snowflake.WebhookID]():     Webhook,
	reflect.TypeFor[snowflake.InteractionID](): Within,
	reflect.TypeFor[snowflake.MessageID]():     Within,
	reflect.TypeFor[snowflake.UserID]():        Within,
	reflect.TypeFor[snowflake.RoleID]():        Within,
	reflect.TypeFor[snowflake.CommandID]():     Within,
	reflect.TypeFor[snowflake.EmojiID]():       Within,
	reflect.TypeFor[snowflake.AttachmentID]():  Within,
}

// paramsOf reads the members off an argument struct.
func paramsOf(t reflect.Type, rule Rule) []Param {
	var out []Param
	for _, f := range planOf(t).fields {
		p := Param{Name: f.name, Required: f.required}
		of, list := t.Field(f.index).Type, false
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice && of != reflect.TypeFor[json.RawMessage]() {
			list = list || of.Kind() == reflect.Slice
			of = of.Elem()
		}
		p.Kind = kindOfType(of, list)
		p.Rule = byType[of]
		if rule == Interaction && p.Name == "token" {
			p.Rule = Interaction
		}
		out = append(out, p)
	}
	return out
}

func kindOfType(t reflect.Type, list bool) Kind {
	_, id := byType[t]
	switch {
	case id && list:
		return IDs
	case id:
		return ID
	case list && t.Kind() == reflect.String:
		return Strings
	case list:
		return Objects
	}
	switch t.Kind() {
	case reflect.String:
		return String
	case reflect.Bool:
		return Flag
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return Integer
	case reflect.Map, reflect.Struct:
		return Object
	default:
		return Any
	}
}
