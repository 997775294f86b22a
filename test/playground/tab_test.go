package playground

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// tab is a page of the playground, with cookies and storage of its own.
type tab struct {
	t   *testing.T
	s   *stage
	g   server
	ctx context.Context //nolint:containedctx // It is the tab.

	mu    sync.Mutex // Guards what follows.
	said  []string   // In the console.
	allow []string   // What may be said there.
}

// open shows a server to a user by name; "" is whom the page takes.
func (s *stage) open(t *testing.T, g server, user string) *tab {
	t.Helper()
	tb := s.blank(t, g)
	tb.visit(user)
	return tb
}

// blank is a tab that shows nothing yet.
func (s *stage) blank(t *testing.T, g server) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tb := &tab{t: t, s: s, g: g, ctx: ctx}
	if err := chromedp.Listen(ctx, tb.hear); err != nil {
		t.Fatal(err)
	}
	// No command of the protocol may wait for ever.
	tb.ctx, cancel = context.WithTimeout(ctx, rig.Patience)
	t.Cleanup(cancel)
	do(tb, log.Enable, cdp.Empty{})
	do(tb, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"})
	t.Cleanup(tb.quiet)
	return tb
}

// visit loads the page and waits until it is there.
func (b *tab) visit(user string) {
	b.t.Helper()
	if user != "" {
		user = b.member(user)
	}
	b.run(chromedp.Navigate(fmt.Sprintf("%s/#guild=%s&channel=%s&user=%s", b.s.p.URL, b.g.id, b.g.channel, user)))
	b.loaded()
}

func (b *tab) loaded() {
	b.t.Helper()
	b.holds("the page has loaded", `document.getElementById("composer").placeholder !== ""`)
}

// member is the id of a member of the server.
func (b *tab) member(name string) string {
	b.t.Helper()
	var g struct {
		Members []struct{ ID, Username string }
	}
	b.s.call(b.t, "GET", "/sim/guilds/"+b.g.id, nil, &g)
	for _, m := range g.Members {
		if m.Username == name {
			return m.ID
		}
	}
	b.t.Fatalf("the server has no member %s", name)
	return ""
}

// hear keeps what the console says of errors.
func (b *tab) hear(ev any) {
	text := ""
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			text = "console." + string(e.Type)
			for _, a := range e.Args {
				text += " " + string(a.Value) + a.Description
			}
		}
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text + " " + thrown(e.ExceptionDetails)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning || e.Entry.Source == log.EntrySourceSecurity {
			text = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
	if text != "" {
		b.mu.Lock()
		b.said = append(b.said, text)
		b.mu.Unlock()
	}
}

// tolerate says what the console may say.
func (b *tab) tolerate(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allow = append(b.allow, text)
}

// quiet fails the test when the console said something else.
func (b *tab) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.said {
		if !slices.ContainsFunc(b.allow, func(a string) bool { return strings.Contains(text, a) }) {
			b.t.Errorf("the console says: %s", text)
		}
	}
	if b.t.Failed() {
		b.shoot("failed-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
	}
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// do gives the tab a command of the protocol.
func do[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// shoot writes a picture of the page where FLORA_PICTURES says.
func (b *tab) shoot(name string) {
	dir := os.Getenv("FLORA_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("no picture: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Log(err)
	}
}

// eval evaluates an expression.
func eval[T any](b *tab, expression string) (T, error) {
	return chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
}

// script runs statements in the page.
func (b *tab) script(statements string) {
	b.t.Helper()
	if _, err := eval[bool](b, "(() => { "+statements+"; return true; })()"); err != nil {
		b.t.Fatalf("%s: %v", statements, err)
	}
}

// text is all that the page shows.
func (b *tab) text() string {
	text, _ := eval[string](b, "document.body.innerText")
	return text
}

// holds waits for a condition of the page.
func (b *tab) holds(what, expression string) {
	b.t.Helper()
	err := rig.Within(limit, what, func() (bool, error) { return eval[bool](b, "!!("+expression+")") })
	if err != nil {
		b.t.Fatalf("%v\nthe page:\n%s", err, b.text())
	}
}

// see waits until the element shows the text.
func (b *tab) see(selector, text string) {
	b.t.Helper()
	b.holds(fmt.Sprintf("%s shows %q", selector, text), fmt.Sprintf("[...document.querySelectorAll(%s)].some((n) => n.checkVisibility() && n.innerText.includes(%s))", quote(selector), quote(text)))
}

// gone waits until nothing shows the text any more.
func (b *tab) gone(selector, text string) {
	b.t.Helper()
	b.holds(fmt.Sprintf("%s does not show %q", selector, text), fmt.Sprintf("![...document.querySelectorAll(%s)].some((n) => n.checkVisibility() && n.innerText.includes(%s))", quote(selector), quote(text)))
}

const messages = "#messages"

// find waits for an element by its role and its name, as assistive technology
// has them, and gives the newest that is shown.
func (b *tab) find(role, name string) cdp.BackendNodeID {
	b.t.Helper()
	var id cdp.BackendNodeID
	err := rig.Within(limit, fmt.Sprintf("a %s named %q", role, name), func() (bool, error) {
		var err error
		id, err = b.look(role, name)
		return id != 0, err
	})
	if err != nil {
		b.t.Fatalf("%v\nthe page:\n%s", err, b.text())
	}
	return id
}

func (b *tab) look(role, name string) (found cdp.BackendNodeID, err error) {
	root, err := chromedp.Call(b.ctx, dom.GetDocument, dom.GetDocumentParams{})
	if err != nil {
		return 0, err
	}
	got, err := chromedp.Call(b.ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{NodeID: root.Root.NodeID, AccessibleName: name, Role: role})
	if err != nil {
		return 0, err
	}
	for _, n := range got.Nodes {
		if n.Ignored || n.BackendDOMNodeID == 0 {
			continue
		}
		if _, err := chromedp.Call(b.ctx, dom.GetBoxModel, dom.GetBoxModelParams{BackendNodeID: n.BackendDOMNodeID}); err == nil {
			found = n.BackendDOMNodeID
		}
	}
	return found, nil
}

// click presses the element with the mouse.
func (b *tab) click(role, name string) {
	b.t.Helper()
	b.press(b.find(role, name), input.MouseButtonLeft)
}

func (b *tab) press(id cdp.BackendNodeID, button input.MouseButton) {
	b.t.Helper()
	do(b, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id})
	quads := do(b, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id}).Quads
	if len(quads) == 0 {
		b.t.Fatal("the element is not shown")
	}
	q := quads[0]
	b.run(chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2, chromedp.ButtonType(button)))
}

// focus gives the element the focus.
func (b *tab) focus(role, name string) {
	b.t.Helper()
	do(b, dom.Focus, dom.FocusParams{BackendNodeID: b.find(role, name)})
}

// keys types: texts, and keys of package kb. What a key enters comes with its
// press, as in a browser: chromedp's own way enters it even when the page has
// taken the key.
func (b *tab) keys(text ...string) {
	b.t.Helper()
	for _, r := range strings.Join(text, "") {
		b.key(r, 0)
	}
}

// key presses one key with modifiers: 1 is Alt, 2 Ctrl, 8 Shift.
func (b *tab) key(r rune, modifiers int64) {
	b.t.Helper()
	k := kb.Keys[r]
	if k == nil {
		b.t.Fatalf("there is no key for %q", r)
	}
	if k.Shift {
		modifiers |= 8
	}
	e := input.DispatchKeyEventParams{
		Type: input.DispatchKeyEventTypeKeyDown, Key: k.Key, Code: k.Code, WindowsVirtualKeyCode: k.Windows, NativeVirtualKeyCode: k.Native, Modifiers: modifiers,
	}
	if k.Print {
		e.Text, e.UnmodifiedText = k.Text, k.Unmodified
	}
	do(b, input.DispatchKeyEvent, e)
	e.Type, e.Text, e.UnmodifiedText = input.DispatchKeyEventTypeKeyUp, "", ""
	do(b, input.DispatchKeyEvent, e)
}

// insert puts a text in, as an input method does.
func (b *tab) insert(text string) {
	b.t.Helper()
	do(b, input.InsertText, input.InsertTextParams{Text: text})
}

// say writes a message into the composer and sends it.
func (b *tab) say(text string) {
	b.t.Helper()
	b.focus("textbox", "Message")
	b.insert(text)
	b.keys(kb.Enter)
	b.holds("the message is sent", `document.getElementById("composer").value === ""`)
}

// command types a slash command's name and picks it.
func (b *tab) command(name string) {
	b.t.Helper()
	b.focus("textbox", "Message")
	b.keys("/" + name)
	b.find("option", "") // The list is there.
	b.keys(kb.Enter)
}

// focused waits until the element with the focus has this name.
func (b *tab) focused(what, expression string) {
	b.t.Helper()
	b.holds("the focus is on "+what, "(() => { const f = document.activeElement; return "+expression+"; })()")
}

// choose opens a select and picks what begins with the texts.
func (b *tab) choose(name string, picks ...string) {
	b.t.Helper()
	b.click("button", name)
	for _, p := range picks {
		b.holds("the list is open", `document.activeElement.matches("[popover] > input")`)
		b.script(`document.activeElement.select()`)
		b.insert(p)
		b.holds("the list fits "+p, fmt.Sprintf(`document.querySelector(":popover-open .option.active .label")?.innerText.includes(%s)`, quote(p)))
		b.keys(kb.Enter)
	}
}

// pick chooses in one of the page's own selects.
func (b *tab) pick(id, label string) {
	b.t.Helper()
	b.holds("there is "+label, fmt.Sprintf(`[...document.getElementById(%s).options].some((o) => o.label.includes(%s))`, quote(id), quote(label)))
	b.script(fmt.Sprintf(`const s = document.getElementById(%s); s.value = [...s.options].find((o) => o.label.includes(%s)).value; s.dispatchEvent(new Event("change"))`, quote(id), quote(label)))
}

// reload loads the page anew.
func (b *tab) reload() {
	b.t.Helper()
	b.run(chromedp.Reload())
	b.loaded()
}

func thrown(d *runtime.ExceptionDetails) string {
	if d.Exception == nil {
		return ""
	}
	return d.Exception.Description
}

// menu opens a message's menu and picks from it.
func (b *tab) menu(message, item string) {
	b.t.Helper()
	b.press(b.find("article", message), input.MouseButtonRight)
	b.click("menuitem", item)
}

// upload gives an input, by its id, a file of five bytes.
func (b *tab) upload(id, name string) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	root := do(b, dom.GetDocument, dom.GetDocumentParams{}).Root.NodeID
	found := do(b, dom.QuerySelector, dom.QuerySelectorParams{NodeID: root, Selector: "#" + id})
	do(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, NodeID: found.NodeID})
}
