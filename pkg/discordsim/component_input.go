package discordsim

import "strconv"

// selectMenu reads the five kinds of select.
func (r *componentReader) selectMenu(f form, out map[string]any, kind int64) {
	r.customID(f, out)
	if s := f.text("placeholder", 150); s != "" {
		out["placeholder"] = s
	}
	least, most := int64(1), int64(1)
	if n, ok := f.number("min_values", 0, 25); ok {
		least = n
	}
	if n, ok := f.number("max_values", 1, 25); ok {
		most = n
	}
	if least > most && f.sent("max_values") {
		f.complain("min_values", "BASE_TYPE_MAX_LENGTH", "min_values must be less than or equal to max_values.")
	}
	out["min_values"], out["max_values"] = least, most
	if v, ok := f.flag("disabled"); ok && v {
		out["disabled"] = v
	}
	if r.modal {
		r.copyValues(f, out, "required")
	}
	switch kind {
	case componentStrings:
		out["options"] = r.selectOptions(f)
	case componentChannels:
		r.copyValues(f, out, "channel_types")
	}
	if list, ok := f.subs("default_values", 25); ok {
		values := make([]any, 0, len(list))
		for _, e := range list {
			id, _ := e.id("id")
			values = append(values, map[string]any{"id": strconv.FormatUint(id, 10), "type": e.needText("type", 1, 20)})
		}
		out["default_values"] = values
	}
}

func (r *componentReader) selectOptions(f form) []any {
	list, _ := f.subs("options", 25)
	if len(list) == 0 {
		if l, ok := f.fields["options"].([]any); !ok || len(l) == 0 {
			f.complain("options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
		}
	}
	seen := map[string]bool{}
	out := make([]any, 0, len(list))
	for _, e := range list {
		option := map[string]any{"label": e.needText("label", 1, 100)}
		value := e.needText("value", 1, 100)
		if value != "" && seen[value] {
			e.complain("value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		seen[value] = true
		option["value"] = value
		if s := e.text("description", 100); s != "" {
			option["description"] = s
		}
		r.emoji(e, option)
		if v, ok := e.flag("default"); ok {
			option["default"] = v
		}
		out = append(out, option)
	}
	return out
}

// input reads a text input of a modal.
func (r *componentReader) input(f form, out map[string]any) {
	r.customID(f, out)
	style, ok := f.choice("style", 1, 2)
	if !ok && !f.sent("style") {
		f.required("style")
	}
	out["style"] = style
	if f.sent("label") {
		out["label"] = f.needText("label", 1, 45)
	}
	out["required"] = true
	if v, ok := f.flag("required"); ok {
		out["required"] = v
	}
	for key, least := range map[string]int64{"min_length": 0, "max_length": 1} {
		if n, ok := f.number(key, least, 4000); ok {
			out[key] = n
		}
	}
	if s := f.text("value", 4000); s != "" {
		out["value"] = s
	}
	if s := f.text("placeholder", 100); s != "" {
		out["placeholder"] = s
	}
}

// label reads a modal's label with the one component that it names.
func (r *componentReader) label(f form, out map[string]any) {
	out["label"] = f.needText("label", 1, 45)
	if s := f.text("description", 100); s != "" {
		out["description"] = s
	}
	out["component"] = r.child(f, "component", componentInput, componentStrings, componentUsers, componentRoles,
		componentMentionable, componentChannels, componentUpload)
}
