package playground

import (
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func logLines(b *tab) {
	b.see("#lines", "deployed revision")
	b.say("!log")
	b.see("#lines", "an info line")
	b.see("#lines", "an error line")
	b.pick("level", "warn")
	b.gone("#lines", "an info line")
	b.see("#lines", "a warning line")
	b.focus("searchbox", "Filter")
	b.keys("ERROR LINE")
	b.gone("#lines", "a warning line")
	b.see("#lines", "an error line")
	b.keys("zzz")
	b.see("#no-lines", "No line passes the filter.")
	b.script(`document.getElementById("find").value = ""; document.getElementById("find").dispatchEvent(new Event("input"))`)
	b.pick("level", "trace")
	b.see("#lines", "an info line")
	b.script(`for (let i = 0; i < 3; i++) document.getElementById("lines").append(...[...document.querySelectorAll("#lines li")].map((n) => n.cloneNode(true)))`)
	b.script(`document.getElementById("log-scroll").style.height = "60px"; document.getElementById("log-scroll").style.flex = "none"`)
	b.click("checkbox", "Follow")
	b.script(`document.getElementById("log-scroll").scrollTop = 0`)
	b.say("!log")
	b.holds("new lines came", `document.querySelectorAll("#lines [data-level=error]").length > 8`)
	b.holds("the log stays where it is", `document.getElementById("log-scroll").scrollTop === 0`)
	b.click("checkbox", "Follow")
	b.holds("the log follows", `(() => { const s = document.getElementById("log-scroll"); return s.scrollTop > 0 && s.scrollHeight - s.scrollTop - s.clientHeight < 2; })()`)
	b.click("button", "Clear")
	b.see("#no-lines", "Nothing was logged yet.")
}

func keyValues(b *tab) {
	b.click("tab", "Keys")
	b.see("#no-keys", "no key-value store yet")
	b.say("!keep")
	b.see(messages, "kept")
	b.click("button", "seen")
	b.see("#keys", "last")
	b.see("#keys", "kept <b>for</b> alice")
	b.click("button", "many")
	b.see("#keys", "key-49")
	b.gone("#keys", "key-50")
	b.click("button", "More keys")
	b.see("#keys", "key-59")
	b.holds("all of them, once", `document.querySelectorAll("#keys li.key").length === 60`)
	b.shoot("keys")
	b.s.call(b.t, "PUT", "/api/kv/"+b.g.id+"/many/key-00", map[string]any{"value": "changed elsewhere"}, nil)
	b.click("button", "Refresh")
	b.see("#keys", "changed elsewhere")
}

func cronJobs(b *tab) {
	b.click("tab", "Cron jobs")
	b.see("#cron-list", "tidy up")
	b.see("#cron-list", "0 0 1 1 *")
	b.see("#cron-list", "next in")
	b.click("button", "Run tidy up now")
	b.see("#cron-list", "Started.")
	b.click("tab", "Log")
	b.see("#lines", "the cron job ran")
	b.click("tab", "Cron jobs")
	b.gone("#cron-list", "last never")
	b.shoot("crons")
}

// keysOnly does everything without a mouse.
func keysOnly(b *tab) {
	b.focused("nothing yet", `f === document.body`)
	for range 30 { // Tab leads to the composer, in some steps.
		if at, _ := eval[string](b, `document.activeElement.id`); at == "composer" {
			break
		}
		b.keys(kb.Tab)
		b.holds("the focus is seen", `document.activeElement === document.body || document.activeElement.id === "composer" || getComputedStyle(document.activeElement).outlineStyle !== "none"`)
	}
	b.focused("the composer", `f.id === "composer"`)
	b.keys("!panel", kb.Enter)
	b.see(messages, "A panel")
	b.keys(kb.ArrowUp)
	b.focused("the composer still", `f.id === "composer" && f.value === ""`)
	b.keys("/")
	b.holds("all commands", `document.querySelectorAll(".picker [role=option]").length > 5 && document.getElementById("composer").getAttribute("aria-expanded") === "true"`)
	b.keys(kb.ArrowUp)
	b.holds("the last one is marked, and told", `(() => { const o = [...document.querySelectorAll(".picker .option")]; return o.at(-1).classList.contains("active") && document.getElementById("composer").getAttribute("aria-activedescendant") === o.at(-1).id; })()`)
	b.keys(kb.Escape)
	b.holds("Esc closes the list only", `!document.querySelector(".picker:popover-open") && document.getElementById("composer").value === "/"`)
	b.keys(kb.Backspace, "/whis", kb.Tab)
	b.find("form", "/whisper")
	b.keys(kb.Enter)
	b.see(messages, "psst, alice")
	b.focused("the composer", `f.id === "composer"`)
	b.key([]rune(kb.ArrowUp)[0], 8) // Shift leads to the messages.
	b.focused("the newest message", `f.matches("#messages li:last-child")`)
	b.keys(kb.ArrowUp)
	b.focused("the panel", `f.innerText.includes("A panel")`)
	b.keys(kb.Tab)
	for range 10 {
		if at, _ := eval[string](b, `document.activeElement.textContent`); at == "Button 3" {
			break
		}
		b.keys(kb.Tab)
	}
	b.keys(kb.Enter)
	b.see(messages, "last pressed 3")
	b.focused("the button, which is a new one", `f.textContent === "Button 3"`)
	b.keys(kb.Escape)
	b.focused("its message", `f.matches("#messages li")`)
	b.keys(kb.Enter)
	b.find("menu", "Message")
	b.keys(kb.ArrowDown, kb.Enter)
	b.find("dialog", "Add a reaction")
	b.insert("🔥")
	b.keys(kb.Enter)
	b.find("button", "🔥, 1 reaction")
	b.focused("the message", `f.matches("#messages li")`)
	b.keys(kb.Escape)
	b.focused("the composer", `f.id === "composer"`)
	b.focus("tab", "Log")
	b.keys(kb.ArrowRight)
	b.focused("the next tab", `f.id === "tab-keys" && f.getAttribute("aria-selected") === "true"`)
	b.holds("its panel", `!document.getElementById("kv").hidden && document.getElementById("log").hidden`)
}

func narrow(b *tab) {
	do(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	b.run(chromedp.EmulateViewport(380, 700))
	b.find("tab", "Chat")
	b.say("!embed")
	b.see(messages, "The footer")
	b.say("!layout")
	b.see(messages, "Left of a button")
	b.holds("nothing is wider than the window", `document.documentElement.scrollWidth <= innerWidth && document.getElementById("scroll").scrollWidth <= innerWidth`)
	b.holds("the side is not shown", `document.getElementById("side").offsetParent === null`)
	b.holds("it is dark", `getComputedStyle(document.body).backgroundColor === "rgb(28, 31, 29)"`)
	b.shoot("narrow")
	b.click("tab", "Log")
	b.see("#lines", "deployed revision")
	b.holds("the chat is not shown", `document.getElementById("chat").offsetParent === null`)
	b.click("tab", "Chat")
	b.see(messages, "Left of a button")
	b.run(chromedp.EmulateViewport(1280, 800))
	b.see("#lines", "deployed revision")
	b.see(messages, "Left of a button")
	b.shoot("dark")
}

// scriptComes begins without a script, which comes, changes and goes.
func scriptComes(b *tab) {
	b.tolerate("status of 404") // There is no deployment to ask for.
	b.see("#no-script", "No script is deployed here")
	b.see("#entry", "No script is deployed")
	b.s.deploy(b.t, b.g, `createBot({ slashCommands: [slash({ name: "one", description: "The first", run: (ctx) => ctx.reply("1") })] });`)
	b.see("#entry", "main.ts")
	b.gone("#no-script", "No script")
	b.command("one")
	b.click("button", "Run")
	b.see(messages, "used /one")
	b.focus("textbox", "Message")
	b.keys("/")
	b.holds("one command", `document.querySelector(".picker").innerText.includes("/one")`)
	b.s.deploy(b.t, b.g, `createBot({ slashCommands: [slash({ name: "two", description: "The second", run: (ctx) => ctx.reply("2") })] });`)
	b.holds("the list that is open has the other one", `document.querySelector(".picker").innerText.includes("/two") && !document.querySelector(".picker").innerText.includes("/one")`)
	b.keys(kb.Escape, kb.Backspace)
	b.s.call(b.t, "DELETE", "/api/deployments/"+b.g.id, nil, nil)
	b.see("#no-script", "No script is deployed here")
}
