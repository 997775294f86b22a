package playground

import (
	"fmt"

	"github.com/chromedp/chromedp/kb"
)

func firstMessage(b *tab) {
	b.see("#empty", "Nothing was said here yet")
	b.say("!ping")
	b.see(messages, "pong!")
	b.find("article", "flora: pong!")
	b.say("two\\nlines") // Not a line break: a backslash is only a character.
	b.see(messages, "two\\nlines")
	b.reload()
	b.see(messages, "pong!")
	b.see(messages, "two\\nlines")
	b.holds("the newest is in sight", `(() => { const s = document.getElementById("scroll"); return s.scrollHeight - s.scrollTop - s.clientHeight < 2; })()`)
}

func markdown(b *tab) {
	b.say("!markdown")
	b.see(messages, "done")
	for what, holds := range map[string]string{
		"a heading":     `[...document.querySelectorAll("[role=heading]")].some((n) => n.textContent === "Big")`,
		"bold":          `document.querySelector("#messages strong")?.textContent && [...document.querySelectorAll("#messages .text strong")].some((n) => n.textContent === "bold")`,
		"italics":       `document.querySelector("#messages em").textContent === "italic"`,
		"underlined":    `document.querySelector("#messages u").textContent === "under"`,
		"struck":        `document.querySelector("#messages s").textContent === "gone"`,
		"code":          `[...document.querySelectorAll("#messages p code")].some((n) => n.textContent === "code")`,
		"a code block":  `document.querySelector("#messages pre").innerText === "let a = '**';"`,
		"a quote":       `document.querySelector("#messages blockquote").innerText === "quoted"`,
		"an item":       `document.querySelector("#messages .item").innerText.includes("item")`,
		"mentions":      `document.querySelector("#messages .mention").textContent === "@alice"`,
		"a channel":     `[...document.querySelectorAll(".mention")].some((n) => n.textContent === "#general")`,
		"everyone":      `[...document.querySelectorAll(".mention")].some((n) => n.textContent === "@everyone")`,
		"an emoji":      `document.querySelector(".custom-emoji").textContent === ":flora:"`,
		"a date":        `[...document.querySelectorAll("time.stamp")].some((n) => n.textContent === "November 14, 2023")`,
		"a span":        `[...document.querySelectorAll("time.stamp")].some((n) => / years ago$/.test(n.textContent))`,
		"a link":        `[...document.querySelectorAll("#messages a")].some((a) => a.href === "https://example.com/x" && a.rel.includes("noopener"))`,
		"no other link": `[...document.querySelectorAll("a")].every((a) => a.protocol === "https:")`,
		"escapes":       `document.querySelector("#messages").innerText.includes("*plain*")`,
	} {
		b.holds(what, holds)
	}
	b.holds("the spoiler is hidden", `getComputedStyle(document.querySelector(".spoiler .hidden")).visibility === "hidden"`)
	b.click("button", "Spoiler, show it")
	b.holds("the spoiler is shown", `getComputedStyle(document.querySelector(".spoiler .hidden")).visibility === "visible"`)
	b.shoot("markdown")
}

// hostile lets a script and people say what would be markup, everywhere.
func hostile(b *tab) {
	const evil = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`
	b.say("!evil")
	b.see(messages, evil)
	b.say(evil + " **" + evil + "** [x](javascript:window.pwned=1) <t:99999999999999:R> <@1> <#1> <@&1>")
	b.see(messages, "@unknown user #unknown channel @unknown role")
	b.s.call(b.t, "POST", "/sim/guilds/"+b.g.id+"/channels/"+b.g.channel+"/messages", map[string]any{
		"author": "bob", "attachments": []any{map[string]any{"filename": `"><script>window.pwned=1<.html`, "content_type": "text/html", "data": "PHNjcmlwdD4="}},
	}, nil)
	b.see(messages, `"><script>`)
	b.click("button", "flora")
	b.keys(kb.Escape)
	b.s.call(b.t, "PUT", "/api/kv/"+b.g.id+"/seen/"+"%3Cb%20id=pwned%3E", map[string]any{"value": evil}, nil)
	b.click("tab", "Keys")
	b.see("#keys", "<b id=pwned>")
	b.see("#keys", evil)
	b.holds("nothing ran", `window.pwned === undefined && document.getElementById("pwned") === null && [...document.images].every((i) => i.src.startsWith(location.origin + "/"))`)
	b.holds("markup is refused", `(() => { try { document.body.innerHTML = "x"; return false; } catch { return true; } })()`)
	b.holds("no element came of a text", `document.querySelectorAll("#chat script, #side script, #chat i, #chat b, #side b").length === 0`)
	b.tolerate("TrustedHTML") // Of the line above.
}

func embeds(b *tab) {
	b.say("!embed")
	b.find("article", "Embed: The title")
	for _, text := range []string{"The author", "The title", "Text with weight", "One", "Whole", "The footer", "11/14/23", "notes.txt", "10 B"} {
		b.see(messages, text)
	}
	b.holds("its colour", `document.querySelector(".embed").style.getPropertyValue("--accent") === "#2f7d4f"`)
	b.holds("the file is shown", `[...document.querySelectorAll(".embed img")].some((i) => i.complete && i.naturalWidth === 10)`)
	b.holds("what is elsewhere is not loaded", `[...document.querySelectorAll("a")].some((a) => a.href === "https://example.com/t.png")`)
	b.shoot("embeds")
}

func edits(b *tab) {
	b.say("!edit")
	b.see(messages, "after the edit")
	b.see(messages, "(edited)")
	b.gone(messages, "before the edit")
	b.say("mine to change")
	b.menu("alice: mine to change", "Edit")
	b.focused("the text", `f.value === "mine to change"`)
	b.insert("changed by me")
	b.keys(kb.Enter)
	b.see(messages, "changed by me")
	b.menu("alice: changed by me", "Reply")
	b.see("#above", "Replying to alice")
	b.say("an answer to myself")
	b.find("button", "Reply to alice")
	b.menu("alice: changed by me", "Delete")
	b.gone(messages, "mine to change")
	b.holds("it is gone", `![...document.querySelectorAll("#messages li")].some((n) => n.getAttribute("aria-label") === "alice: changed by me")`)
	b.say("!bye")
	b.holds("the bot deletes", `document.querySelectorAll("#messages li").length > 0 && ![...document.querySelectorAll("#messages li")].some((n) => n.getAttribute("aria-label") === "alice: !bye")`)
	b.upload("files", "composer.txt")
	b.see("#above", "composer.txt")
	b.say("with a file")
	b.see(messages, "composer.txt")
	b.gone("#above", "composer.txt")
}

// history reads what was said before, piece by piece; what changes in what is
// not there yet stays there.
func history(b *tab) {
	var first struct{ ID string }
	for n := range 120 {
		into := any(nil)
		if n == 0 {
			into = &first
		}
		b.s.call(b.t, "POST", "/sim/guilds/"+b.g.id+"/channels/"+b.g.channel+"/messages", map[string]any{"content": fmt.Sprintf("number %03d", n), "author": "bob"}, into)
	}
	b.see(messages, "number 119")
	b.reload()
	b.see(messages, "number 119")
	b.see(messages, "number 070")
	b.gone(messages, "number 069")
	one := "/sim/guilds/" + b.g.id + "/channels/" + b.g.channel + "/messages/" + first.ID
	b.s.call(b.t, "PATCH", one, map[string]any{"content": "number zero"}, nil)
	b.s.call(b.t, "PUT", one+"/reactions", map[string]any{"emoji": "👍"}, nil)
	b.say("a later one")
	b.see(messages, "a later one")
	b.gone(messages, "number zero")
	b.script(`document.getElementById("scroll").scrollTop = 0`)
	b.click("button", "Earlier messages")
	b.see(messages, "number 021")
	b.click("button", "Earlier messages")
	b.see(messages, "number zero")
	b.holds("in order, each once", `(() => { const ids = [...document.querySelectorAll("#messages li")].map((n) => BigInt(n.dataset.id)); return ids.length === 121 && ids.every((id, i) => i === 0 || id > ids[i - 1]); })()`)
	b.holds("there is no more", `document.getElementById("earlier").hidden`)
}

func reactions(b *tab) {
	b.say("!react")
	b.click("button", "🎉, 1 reaction")
	b.find("button", "🎉, 2 reactions")
	b.holds("mine is marked", `document.querySelector(".reaction").getAttribute("aria-pressed") === "true"`)
	b.click("button", "🎉, 2 reactions")
	b.find("button", "🎉, 1 reaction")
	b.menu("alice: !react", "Add a reaction")
	b.click("button", "React with 👍")
	b.find("button", "👍, 1 reaction")
	b.menu("alice: !react", "Add a reaction")
	b.insert("no emoji")
	b.keys(kb.Enter)
	b.see(".notice", "neither a unicode emoji")
	b.tolerate("status of 400")
	b.click("button", "Dismiss message")
	b.gone(".notice", "neither a unicode emoji")
}

func polls(b *tab) {
	b.say("!poll")
	b.see(messages, "Tea?")
	b.click("button", "Yes, 0 votes")
	b.find("button", "Yes, 1 vote")
	b.holds("mine is marked", `document.querySelector(".answer").getAttribute("aria-pressed") === "true"`)
	b.see(messages, "1 vote")
	b.shoot("poll")
}

// others changes who acts, and lets somebody new join.
func others(b *tab) {
	b.pick("user", "owner")
	b.say("said by the owner")
	b.find("article", "owner: said by the owner")
	b.pick("user", "New member")
	b.focused("the name", `f.id === "new-name"`)
	b.keys("No!", kb.Enter)
	b.see("dialog", "username must be")
	b.tolerate("status of 400")
	b.script(`document.activeElement.select()`)
	b.keys("dora", kb.Enter)
	b.holds("dora acts", `document.getElementById("user").selectedOptions[0]?.label === "dora" && !document.querySelector("dialog")`)
	b.say("hello from dora")
	b.find("article", "dora: hello from dora")
	b.reload()
	b.holds("dora still acts", `document.getElementById("user").selectedOptions[0]?.label === "dora"`)
	b.s.call(b.t, "DELETE", fmt.Sprintf("/sim/guilds/%s/members/%s", b.g.id, b.member("dora")), nil, nil)
	b.holds("alice takes over", `document.getElementById("user").selectedOptions[0]?.label === "alice"`)
}
