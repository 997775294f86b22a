package discordsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxOptions = 25
	maxChoices = 25
	// maxCommandText bounds the names, descriptions and values of one command.
	maxCommandText = 8000
)

var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

// readCommand reads a command to create, or with old the changes to one; what
// is wrong stays in the form.
func readCommand(f form, old *command) *command {
	c := &command{Type: commandChat, IntegrationTypes: []int64{0}}
	if old != nil {
		kept := *old
		c = &kept
	} else if kind, ok := f.choice("type", commandChat, commandUser, commandMessage); ok {
		c.Type = int(kind)
	}
	if old == nil || f.has("name") {
		c.Name = readCommandName(f, c.Type == commandChat)
	}
	c.readDescription(f, old == nil)
	readLocales(f, "name_localizations", &c.NameIn, 32)
	readLocales(f, "description_localizations", &c.DescriptionIn, 100)
	if f.has("options") {
		c.Options = nil
		if list, ok := f.subs("options", maxOptions); ok {
			if c.Type != commandChat && len(list) > 0 {
				f.complain("options", "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS", "Context menu commands cannot have options")
			}
			c.Options = readOptions(f, list, 0)
		}
	}
	c.readAccess(f)
	if c.textSize() > maxCommandText {
		f.complain("", "APPLICATION_COMMAND_TOO_LARGE", fmt.Sprintf("Command exceeds maximum size (%d)", maxCommandText))
	}
	return c
}

func (c *command) readDescription(f form, create bool) {
	if c.Type != commandChat {
		if f.sent("description") && f.fields["description"] != "" {
			f.complain("description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", "Context menu commands cannot have description")
		}
		return
	}
	if create || f.has("description") {
		c.Description = f.needText("description", 1, 100)
	}
}

func (c *command) readAccess(f form) {
	if f.has("default_member_permissions") {
		c.DefaultNeeds = nil
		if p, ok := f.permissions("default_member_permissions"); ok {
			c.DefaultNeeds = &p
		}
	}
	if v, ok := f.flag("dm_permission"); ok {
		c.DMPermission = &v
	}
	if v, ok := f.flag("nsfw"); ok {
		c.NSFW = v
	}
	if f.has("contexts") {
		c.Contexts = readNumbers(f, "contexts", 0, 1, 2)
	}
	if f.sent("integration_types") {
		c.IntegrationTypes = readNumbers(f, "integration_types", 0, 1)
	}
}

// readNumbers reads a list of choices.
func readNumbers(f form, key string, choices ...int64) []int64 {
	list, _ := f.list(key, 25)
	var out []int64
	for i, v := range list {
		at := f.at(key)
		at.fields = map[string]any{strconv.Itoa(i): v}
		if n, ok := at.choice(strconv.Itoa(i), choices...); ok {
			out = append(out, n)
		}
	}
	return out
}

func readCommandName(f form, chat bool) string {
	name := f.needText("name", 1, 32)
	if name == "" || !chat {
		return name
	}
	if !commandName.MatchString(name) || strings.ToLower(name) != name {
		f.complain("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
	return name
}

// readLocales reads a map from locales to texts.
func readLocales(f form, key string, into *map[string]string, most int) {
	if !f.has(key) {
		return
	}
	*into = nil
	texts, ok := f.sub(key)
	if !ok {
		return
	}
	*into = map[string]string{}
	for locale := range texts.fields {
		if utf8.RuneCountInString(locale) > 10 {
			texts.complain(locale, "BASE_TYPE_CHOICES", "Unknown locale.")
			continue
		}
		if text, ok := texts.textBetween(locale, 1, most); ok {
			(*into)[locale] = text
		}
	}
}

// readOptions reads the options of a command (depth 0), or of a subcommand or
// group below it.
func readOptions(parent form, list []form, depth int) []*commandOption {
	out := make([]*commandOption, 0, len(list))
	seen := map[string]bool{}
	optional, plain, nested := false, false, false
	for _, f := range list {
		o := readOption(f, depth)
		if o == nil {
			continue
		}
		if seen[o.Name] {
			f.complain("name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
		}
		seen[o.Name] = true
		if o.Type <= optionGroup {
			nested = true
		} else {
			plain = true
			if o.Required && optional {
				f.complain("", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
			}
			optional = optional || !o.Required
		}
		out = append(out, o)
	}
	if nested && plain {
		parent.complain("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
	return out
}

func readOption(f form, depth int) *commandOption {
	if !f.sent("type") {
		f.required("type")
		return nil
	}
	kind, ok := f.choice("type", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	if !ok {
		return nil
	}
	o := &commandOption{Type: int(kind), Name: readCommandName(f, true), Description: f.needText("description", 1, 100)}
	readLocales(f, "name_localizations", &o.NameIn, 32)
	readLocales(f, "description_localizations", &o.DescriptionIn, 100)
	o.Required, _ = f.flag("required")
	switch {
	case o.Type == optionGroup && depth > 0, o.Type == optionSubcommand && depth > 1:
		f.complain("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command groups cannot be nested here")
		return nil
	case o.Type == optionSubcommand, o.Type == optionGroup:
		list, _ := f.subs("options", maxOptions)
		below := depth + 1
		if o.Type == optionSubcommand {
			below = 2
		}
		o.Options = readOptions(f, list, below)
		return o
	}
	o.readRange(f)
	o.readChoices(f)
	return o
}

// readRange reads what limits the values of an option.
func (o *commandOption) readRange(f form) {
	if o.Type == optionChannel && f.sent("channel_types") {
		o.ChannelTypes = readNumbers(f, "channel_types", 0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16)
	}
	if o.Type == optionInteger || o.Type == optionNumber {
		o.MinValue, o.MaxValue = readBound(f, "min_value"), readBound(f, "max_value")
	}
	if o.Type == optionString {
		if n, ok := f.number("min_length", 0, 6000); ok {
			o.MinLength = &n
		}
		if n, ok := f.number("max_length", 1, 6000); ok {
			o.MaxLength = &n
		}
	}
}

func readBound(f form, key string) json.Number {
	switch v := f.fields[key].(type) {
	case nil:
		return ""
	case json.Number:
		return v
	default:
		f.complain(key, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not float.", clip(fmt.Sprint(v))))
		return ""
	}
}

func (o *commandOption) readChoices(f form) {
	o.Autocomplete, _ = f.flag("autocomplete")
	list, _ := f.subs("choices", maxChoices)
	if o.Autocomplete && len(list) > 0 {
		f.complain("autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "Autocomplete and choices are mutually exclusive")
	}
	if len(list) > 0 && o.Type != optionString && o.Type != optionInteger && o.Type != optionNumber {
		f.complain("choices", "APPLICATION_COMMAND_OPTIONS_TYPE_CHOICES", "This option type cannot have choices")
		return
	}
	seen := map[string]bool{}
	for _, e := range list {
		c := commandChoice{Name: e.needText("name", 1, 100)}
		readLocales(e, "name_localizations", &c.NameIn, 100)
		if seen[c.Name] {
			e.complain("name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Option choice name already exists")
		}
		seen[c.Name] = true
		if !e.sent("value") {
			e.required("value")
			continue
		}
		switch v := e.fields["value"].(type) {
		case string:
			c.Value = v
			if o.Type != optionString {
				e.complain("value", "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not a number.", clip(v)))
			} else {
				e.textBetween("value", 0, 100)
			}
		case json.Number:
			c.Value = v
			if o.Type == optionString {
				c.Value = v.String()
			}
		default:
			e.complain("value", "STRING_TYPE_CONVERT", fmt.Sprintf("Could not interpret %q as string.", clip(fmt.Sprint(v))))
		}
		o.Choices = append(o.Choices, c)
	}
}

func (c *command) textSize() int {
	n := len(c.Name) + len(c.Description)
	var walk func([]*commandOption)
	walk = func(list []*commandOption) {
		for _, o := range list {
			n += utf8.RuneCountInString(o.Name) + utf8.RuneCountInString(o.Description)
			for _, ch := range o.Choices {
				n += utf8.RuneCountInString(ch.Name) + len(fmt.Sprint(ch.Value))
			}
			walk(o.Options)
		}
	}
	walk(c.Options)
	return n
}
