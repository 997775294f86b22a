// Package endpoint is the one table of what scripts can do at Discord. A row
// says which request an op makes, what every id in it must be proven to belong
// to, what it takes and what it gives. Everything else is made from the rows:
// the ops themselves (v8ops/rest, except those whose own code is in a family's
// folder), the functions and types of the SDK, the list in docs/rest.md, and the
// tests of confinement. It is data only and knows neither Discord's client nor
// V8.
package endpoint

import (
	"fmt"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/op"
)

// Endpoint is one row.
type Endpoint struct {
	// Name is the op's without "op_"; the SDK's function has it in camelCase.
	Name   string
	Method string
	// Path is Discord's, below the version. What is in braces is one of the
	// placeholders: "{user.id=@me}" has a text for when the argument is absent,
	// and "{emoji?}" goes with its slash then.
	Path string
	// Query goes behind the path, Fields are members of the body.
	Query, Fields []Field
	// Body is an argument that is the body.
	Body *Body
	// File is an argument that is uploaded as the form's part "file"; the body's
	// members are the form's other parts then.
	File string
	// Reason says that Discord takes a reason for the audit log.
	Reason bool
	// Gives is the TypeScript type of the result; "" is nothing.
	Gives string
	// Doc is a sentence or two for authors.
	Doc string

	// Own says that the op has code of its own. Takes is the TypeScript type of
	// its arguments then, and Rule what they are confined by.
	Own   bool
	Takes string
	Rule  op.Rule
}

// Field is one argument beside those in the path.
type Field struct {
	Name string // In camelCase; Discord's has underscores.
	Kind op.Kind
	// Rule is for ids: what they must be proven to belong to.
	Rule     op.Rule
	Required bool
	// Min and Max bound integers, unless both are zero. What is more than Max
	// is cut down to it with Cap.
	Min, Max int64
	Cap      bool
	// Default is sent when the argument is absent.
	Default any
	// Choices are the texts or numbers that there are.
	Choices []string
}

// Body is an argument that is sent as the body.
type Body struct {
	Arg  string  // "payload" unless it says otherwise.
	Kind op.Kind // Object, or Objects for a list.
	// IDs are members that could name another guild's things.
	IDs []Member
	// Images are members that hold a picture or a sound: a data URI, or base64
	// alone, of which a data URI is made.
	Images   []string
	Optional bool
	// Type is the TypeScript type, "Record<string, any>" by default.
	Type string
}

// Member is a place inside a body: "actions[].metadata.channel_id".
type Member struct {
	Path string
	Rule op.Rule
}

// Arg is one placeholder of a path.
type Arg struct {
	Name  string // Of the argument; "" when it takes none.
	Rule  op.Rule
	Kind  op.Kind
	Route string // What the route is called by at Discord.
	Check Check  // For texts.
	// Optional, and what stands there instead.
	Optional bool
	Else     string
}

// Check is what a text in a path must be like.
type Check string

// The texts that paths take.
const (
	Emoji  Check = "emoji"  // An emoji in one of its spellings.
	Code   Check = "code"   // Of an invite or a template.
	Token  Check = "token"  // Of a webhook.
	Number Check = "number" // A small one.
)

// placeholders are what can stand in a path, with the rule of each. An id
// without a rule of its own is looked for by Discord inside the place that the
// path begins with.
var placeholders = map[string]Arg{
	"guild.id":          {Name: "guildId", Rule: op.Guild, Kind: op.ID, Optional: true},
	"application.id":    {},
	"channel.id":        {Name: "channelId", Rule: op.Channel, Kind: op.ID},
	"thread.id":         {Name: "threadId", Rule: op.Thread, Kind: op.ID, Route: "channel.id"},
	"webhook.id":        {Name: "webhookId", Rule: op.Webhook, Kind: op.ID},
	"webhook.token":     {Name: "token", Kind: op.String, Check: Token},
	"interaction.id":    {Name: "interactionId", Rule: op.Within, Kind: op.ID},
	"interaction.token": {Name: "token", Rule: op.Interaction, Kind: op.String},
	"invite.code":       {Name: "code", Rule: op.Invite, Kind: op.String, Check: Code},
	"message.id":        {Name: "messageId", Rule: op.Within, Kind: op.ID},
	"user.id":           {Name: "userId", Rule: op.Within, Kind: op.ID},
	"anybody.id":        {Name: "userId", Rule: op.Everybody, Kind: op.ID, Route: "user.id"},
	"role.id":           {Name: "roleId", Rule: op.Within, Kind: op.ID},
	"command.id":        {Name: "commandId", Rule: op.Within, Kind: op.ID},
	"overwrite.id":      {Name: "overwriteId", Rule: op.Within, Kind: op.ID},
	"emoji.id":          {Name: "emojiId", Rule: op.Within, Kind: op.ID},
	"sticker.id":        {Name: "stickerId", Rule: op.Within, Kind: op.ID},
	"sound.id":          {Name: "soundId", Rule: op.Within, Kind: op.ID},
	"rule.id":           {Name: "ruleId", Rule: op.Within, Kind: op.ID},
	"event.id":          {Name: "eventId", Rule: op.Within, Kind: op.ID},
	"emoji":             {Name: "emoji", Kind: op.String, Check: Emoji, Route: "emoji.id"},
	"template.code":     {Name: "code", Kind: op.String, Check: Code},
	"answer.id":         {Name: "answerId", Kind: op.Integer, Check: Number},
}

// Part is a piece of a path: a fixed text, or an argument.
type Part struct {
	Fixed string
	Arg   *Arg
}

// Parts takes the path apart.
func (e Endpoint) Parts() []Part {
	var out []Part
	for rest := e.Path; rest != ""; {
		fixed, tail, found := strings.Cut(rest, "{")
		if fixed != "" {
			out = append(out, Part{Fixed: fixed})
		}
		if !found {
			break
		}
		name, next, _ := strings.Cut(tail, "}")
		rest = next
		name, instead, _ := strings.Cut(name, "=")
		name, optional := strings.CutSuffix(name, "?")
		a, ok := placeholders[name]
		if !ok {
			panic(fmt.Sprintf("endpoint %s: there is no placeholder {%s}", e.Name, name))
		}
		if a.Route == "" {
			a.Route = name
		}
		a.Else = instead
		a.Optional = a.Optional || optional || instead != ""
		out = append(out, Part{Arg: &a})
	}
	return out
}

// Params are the members of the op's arguments, in the order of the request.
// For rows with code of their own they are in the code.
func (e Endpoint) Params() []op.Param {
	var out []op.Param
	for _, p := range e.Parts() {
		if p.Arg != nil && p.Arg.Name != "" {
			out = append(out, op.Param{Name: p.Arg.Name, Kind: p.Arg.Kind, Rule: p.Arg.Rule, Required: !p.Arg.Optional})
		}
	}
	for _, list := range [][]Field{e.Query, e.Fields} {
		for _, f := range list {
			out = append(out, op.Param{Name: f.Name, Kind: f.Kind, Rule: f.Rule, Required: f.Required})
		}
	}
	if e.Body != nil {
		out = append(out, op.Param{Name: e.Body.Arg, Kind: e.Body.Kind, Required: !e.Body.Optional})
	}
	if e.File != "" {
		out = append(out, op.Param{Name: e.File, Kind: op.Any, Required: true})
	}
	if e.Reason {
		out = append(out, op.Param{Name: "reason", Kind: op.String})
	}
	return out
}

// Confinement is the rule of the first argument that has one of its own.
func (e Endpoint) Confinement() op.Rule {
	if e.Rule != "" {
		return e.Rule
	}
	for _, p := range e.Params() {
		if p.Rule != "" && p.Rule != op.Within {
			return p.Rule
		}
	}
	return op.Everybody
}

// Op is the op's name.
func (e Endpoint) Op() string { return "op_" + e.Name }

// Function is the name of the SDK's function.
func (e Endpoint) Function() string { return Camel(e.Name) }

// Camel is a name with underscores in camelCase.
func Camel(name string) string {
	head, tail, found := strings.Cut(name, "_")
	for found {
		var word string
		word, tail, found = strings.Cut(tail, "_")
		head += strings.ToUpper(word[:1]) + word[1:]
	}
	return head
}

// Snake is a name in camelCase with underscores.
func Snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Section is a part of the table with a heading of its own.
type Section struct {
	Title string
	Rows  []Endpoint
}

// Sections is the whole table, in the order of the documentation.
func Sections() []Section {
	return []Section{
		{"Messages", messages}, {"Reactions and polls", reactions}, {"Interactions", interactions}, {"Application commands", commands},
		{"Guild", guilds}, {"Members and bans", members}, {"Roles", roles}, {"Channels", channels}, {"Invites", invites},
		{"Threads", threads}, {"Webhooks", webhooks}, {"Emoji, stickers and sounds", expressions}, {"Scheduled events", events},
		{"Automatic moderation", moderation}, {"Voice and stages", voice},
	}
}

// All lists the rows.
func All() []Endpoint {
	var out []Endpoint
	for _, s := range Sections() {
		out = append(out, s.Rows...)
	}
	return out
}
