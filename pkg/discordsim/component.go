package discordsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The component types.
const (
	componentRow         = 1
	componentButton      = 2
	componentStrings     = 3
	componentInput       = 4
	componentUsers       = 5
	componentRoles       = 6
	componentMentionable = 7
	componentChannels    = 8
	componentSection     = 9
	componentText        = 10
	componentThumbnail   = 11
	componentGallery     = 12
	componentFile        = 13
	componentSeparator   = 14
	componentContainer   = 17
	componentLabel       = 18
	componentUpload      = 19
)

const (
	maxRows         = 5
	maxComponentsV2 = 40
	buttonLink      = 5
	buttonPremium   = 6
)

// componentReader validates a tree of components and fills in their ids.
type componentReader struct {
	v2    bool
	modal bool
	count int
	text  int
	ids   map[string]bool
	used  map[int64]bool
	next  int64
}

// readComponents reads "components" of a message.
func readComponents(f form, v2 bool) []any {
	r := &componentReader{v2: v2, ids: map[string]bool{}, used: map[int64]bool{}}
	top := []int64{componentRow}
	most := maxRows
	if v2 {
		top = []int64{componentRow, componentSection, componentText, componentGallery, componentFile, componentSeparator, componentContainer}
		most = maxComponentsV2
	}
	out := r.list(f, "components", most, top)
	if v2 && r.count > maxComponentsV2 {
		f.complain("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", fmt.Sprintf("The maximum number of components allowed is %d", maxComponentsV2))
	}
	if r.text > 4000 {
		f.complain("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", "Component displayable text size exceeds maximum size of 4000")
	}
	r.number(out)
	return out
}

// readModalComponents reads "components" of a modal.
func readModalComponents(f form) []any {
	r := &componentReader{modal: true, ids: map[string]bool{}, used: map[int64]bool{}}
	out := r.list(f, "components", 5, []int64{componentRow, componentText, componentLabel})
	if len(out) == 0 {
		f.required("components")
	}
	r.number(out)
	return out
}

func (r *componentReader) list(f form, key string, most int, allowed []int64) []any {
	list, _ := f.subs(key, most)
	out := make([]any, 0, len(list))
	for _, e := range list {
		if c := r.one(e, allowed); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// child reads one required component below key.
func (r *componentReader) child(f form, key string, allowed ...int64) map[string]any {
	e, ok := f.sub(key)
	if !ok {
		f.required(key)
		return nil
	}
	return r.one(e, allowed)
}

func (r *componentReader) one(f form, allowed []int64) map[string]any {
	if !f.sent("type") {
		f.required("type")
		return nil
	}
	kind, ok := f.number("type", 0, 1000)
	if !ok {
		return nil
	}
	if !slices.Contains(allowed, kind) {
		f.complain("type", "BASE_TYPE_CHOICES", "Value must be one of {"+joinInts(allowed)+"}.")
		return nil
	}
	r.count++
	out := map[string]any{"type": kind}
	if id, ok := f.number("id", 0, 1<<31-1); ok && id > 0 {
		if r.used[id] {
			f.complain("id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
		}
		r.used[id] = true
		out["id"] = id
	}
	r.fill(f, out, kind)
	return out
}

func (r *componentReader) fill(f form, out map[string]any, kind int64) {
	switch kind {
	case componentRow:
		r.row(f, out)
	case componentButton:
		r.button(f, out)
	case componentStrings, componentUsers, componentRoles, componentMentionable, componentChannels:
		r.selectMenu(f, out, kind)
	case componentInput:
		r.input(f, out)
	case componentSection:
		out["components"] = r.needList(f, 3, componentText)
		out["accessory"] = r.child(f, "accessory", componentButton, componentThumbnail)
	case componentText:
		s := f.needText("content", 1, 4000)
		r.text += len([]rune(s))
		out["content"] = s
	case componentThumbnail:
		r.media(f, out, "media")
		r.spoiler(f, out)
	case componentGallery:
		r.gallery(f, out)
	case componentFile:
		r.media(f, out, "file")
		r.spoiler(f, out)
	case componentSeparator:
		out["divider"], out["spacing"] = true, int64(1)
		if v, ok := f.flag("divider"); ok {
			out["divider"] = v
		}
		if n, ok := f.choice("spacing", 1, 2); ok {
			out["spacing"] = n
		}
	case componentContainer:
		out["components"] = r.needList(f, maxComponentsV2, componentRow, componentSection, componentText, componentGallery, componentFile, componentSeparator)
		out["accent_color"] = nil
		if n, ok := f.number("accent_color", 0, 0xFFFFFF); ok {
			out["accent_color"] = n
		}
		r.spoiler(f, out)
	case componentLabel:
		r.label(f, out)
	case componentUpload:
		r.customID(f, out)
		r.copyValues(f, out, "min_values", "max_values", "required")
	}
}

func (r *componentReader) needList(f form, most int, allowed ...int64) []any {
	list := r.list(f, "components", most, allowed)
	if !f.sent("components") {
		f.required("components")
	} else if l, ok := f.fields["components"].([]any); ok && len(l) == 0 {
		f.complain("components", "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between 1 and %d in length.", most))
	}
	return list
}

func (r *componentReader) row(f form, out map[string]any) {
	allowed := []int64{componentButton, componentStrings, componentUsers, componentRoles, componentMentionable, componentChannels}
	if r.modal {
		allowed = []int64{componentInput}
	}
	list := r.needList(f, 5, allowed...)
	width := 0
	for _, e := range list {
		width++
		if c, ok := e.(map[string]any); ok && componentInt(c, "type", 0) != componentButton {
			width += 4
		}
	}
	if width > 5 {
		f.complain("components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
	}
	out["components"] = list
}

func (r *componentReader) button(f form, out map[string]any) {
	if !f.sent("style") {
		f.required("style")
	}
	style, _ := f.choice("style", 1, 2, 3, 4, 5, 6)
	out["style"] = style
	switch style {
	case buttonLink:
		out["url"] = f.needText("url", 1, 512)
		if f.sent("custom_id") {
			f.complain("custom_id", "BUTTON_COMPONENT_INVALID_CUSTOM_ID", "A custom id and url cannot both be specified")
		}
	case buttonPremium:
		if id, ok := f.id("sku_id"); ok {
			out["sku_id"] = strconv.FormatUint(id, 10)
		} else {
			f.required("sku_id")
		}
	default:
		r.customID(f, out)
		if f.sent("url") {
			f.complain("url", "BUTTON_COMPONENT_INVALID_URL", "A custom id and url cannot both be specified")
		}
	}
	if label := f.text("label", 80); label != "" {
		out["label"] = label
	}
	r.emoji(f, out)
	if out["label"] == nil && out["emoji"] == nil && style != buttonPremium && !f.sent("label") {
		f.complain("", "BUTTON_COMPONENT_MISSING_LABEL", "A button must have a label or emoji")
	}
	if v, ok := f.flag("disabled"); ok && v {
		out["disabled"] = v
	}
}

func (r *componentReader) emoji(f form, out map[string]any) {
	e, ok := f.sub("emoji")
	if !ok {
		return
	}
	emoji := map[string]any{}
	if id, ok := e.id("id"); ok {
		emoji["id"] = strconv.FormatUint(id, 10)
	}
	if name := e.text("name", 100); name != "" {
		emoji["name"] = name
		if emoji["id"] == nil && !isUnicodeEmoji(name) {
			e.complain("name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
		}
	}
	if v, ok := e.flag("animated"); ok {
		emoji["animated"] = v
	}
	out["emoji"] = emoji
}

func (r *componentReader) customID(f form, out map[string]any) {
	id := f.needText("custom_id", 1, 100)
	if id == "" {
		return
	}
	if r.ids[id] {
		f.complain("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
	}
	r.ids[id] = true
	out["custom_id"] = id
}

func (r *componentReader) media(f form, out map[string]any, key string) {
	m, ok := f.sub(key)
	if !ok {
		f.required(key)
		return
	}
	media := map[string]any{}
	embedReader{total: new(int)}.link(m, media, "url")
	if !m.sent("url") {
		m.required("url")
	}
	media["proxy_url"], media["id"] = media["url"], "1" // Which people never see.
	out[key] = media
	if key == "file" {
		out["name"], out["size"] = nil, nil
		return
	}
	out["description"] = nil
	if text := f.text("description", 1024); text != "" {
		out["description"] = text
	}
}

func (r *componentReader) spoiler(f form, out map[string]any) {
	v, _ := f.flag("spoiler")
	out["spoiler"] = v
}

func (r *componentReader) gallery(f form, out map[string]any) {
	list, _ := f.subs("items", 10)
	if len(list) == 0 {
		f.required("items")
	}
	items := make([]any, 0, len(list))
	for _, e := range list {
		item := map[string]any{}
		r.media(e, item, "media")
		r.spoiler(e, item)
		items = append(items, item)
	}
	out["items"] = items
}

func (r *componentReader) copyValues(f form, out map[string]any, keys ...string) {
	for _, key := range keys {
		if v, ok := f.fields[key]; ok && v != nil {
			out[key] = v
		}
	}
}

// number gives every component without an id the next free one, from the top.
func (r *componentReader) number(list []any) {
	for _, e := range list {
		c, _ := e.(map[string]any)
		if c == nil {
			continue
		}
		if c["id"] == nil {
			r.next++
			for r.used[r.next] {
				r.next++
			}
			c["id"] = r.next
		}
		if inner, ok := c["components"].([]any); ok {
			r.number(inner)
		}
		for _, key := range []string{"accessory", "component"} {
			if inner, ok := c[key].(map[string]any); ok && inner != nil {
				r.number([]any{inner})
			}
		}
	}
}

func joinInts(list []int64) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(parts, ", ")
}

// walkComponents calls visit for every component of a tree.
func walkComponents(list []any, visit func(map[string]any)) {
	for _, e := range list {
		c, _ := e.(map[string]any)
		if c == nil {
			continue
		}
		visit(c)
		if inner, ok := c["components"].([]any); ok {
			walkComponents(inner, visit)
		}
		for _, key := range []string{"accessory", "component"} {
			if inner, ok := c[key].(map[string]any); ok && inner != nil {
				walkComponents([]any{inner}, visit)
			}
		}
	}
}

// componentInt reads a component's number, which is int64 or json.Number.
func componentInt(c map[string]any, key string, standard int) int {
	switch v := c[key].(type) {
	case int64:
		return int(v)
	case json.Number:
		if n, ok := asInt(v); ok {
			return int(n)
		}
	}
	return standard
}
