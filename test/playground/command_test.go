package playground

import (
	"github.com/chromedp/chromedp/kb"
)

func ephemeral(b *tab) {
	b.command("whisper")
	b.click("button", "Run")
	b.see(messages, "psst, alice")
	b.see(messages, "Only you can see this")
	b.see(messages, "used /whisper")
	bob := b.s.open(b.t, b.g, "bob")
	bob.say("what bob sees")
	b.see(messages, "what bob sees")
	bob.see(messages, "what bob sees")
	bob.gone(messages, "psst")
	b.reload()
	b.see(messages, "psst, alice")
	b.click("button", "Dismiss message")
	b.gone(messages, "psst")
	b.reload()
	b.see(messages, "what bob sees")
	b.gone(messages, "psst")
}

func thinking(b *tab) {
	b.command("think")
	b.click("button", "Run")
	b.see(messages, "flora is thinking…")
	b.see(messages, "thought about it")
	b.gone(messages, "is thinking")
}

func noAnswer(b *tab) {
	b.command("silent")
	b.click("button", "Run")
	b.see("#status", "Waiting for the bot")
	b.see(".notice", "The application did not respond")
	b.say("!panel")
	b.click("button", "Mute")
	b.see(messages+" .failure", "The application did not respond")
	b.click("button", "Button 2")
	b.see(messages, "last pressed 2")
	b.holds("the failure is of that message", `document.querySelectorAll("#messages .failure").length === 2`)
	b.click("button", "Dismiss message")
}

func options(b *tab) {
	b.command("all")
	b.find("form", "/all")
	b.focused("the first option", `f.id === "option-text"`)
	b.keys("words", kb.Tab, "3", kb.Tab, "0.5")
	b.choose("flag: Choose", "True")
	b.choose("who: Choose", "bob")
	b.choose("role: Choose", "Moderator")
	b.choose("where: Choose", "general")
	b.choose("either: Choose", "carol")
	b.choose("size: Choose", "Large")
	b.upload("option-file", "given.txt")
	b.shoot("options")
	b.click("button", "Run")
	b.see(messages, "text=words count=3 ratio=0.5 flag=true who=bob role=Moderator where=general either=carol file=given.txt:5 size=l")
	b.focused("the composer", `f.id === "composer"`)
}

func wrongOptions(b *tab) {
	b.command("all")
	b.click("button", "Run")
	b.see("#option-text-problem", "This option is required.")
	b.focused("what is wrong", `f.id === "option-text"`)
	b.keys("x", kb.Enter)
	b.see("#option-text-problem", "From 2 to 10 characters.")
	b.keys("yz", kb.Tab, "9", kb.Enter)
	b.see("#option-count-problem", "At most 5.")
	b.keys(kb.Backspace, "1.5", kb.Enter)
	b.see("#option-count-problem", "Type a whole number.")
	b.keys(kb.Backspace, kb.Backspace, kb.Tab, "-1", kb.Enter)
	b.see("#option-ratio-problem", "At least 0.")
	b.keys(kb.Escape)
	b.focused("the composer", `f.id === "composer"`)
	b.holds("nothing was sent", `document.querySelectorAll("#messages li").length === 0`)
}

func autocompletion(b *tab) {
	b.command("learn")
	b.find("option", "Language Go, Go")
	b.find("option", "Language Rust, Rust")
	b.keys("g")
	b.holds("the list follows", `document.querySelectorAll("#command [role=option]").length === 2`)
	b.keys(kb.ArrowDown)
	b.holds("the second is marked", `document.querySelector("#command .option.active")?.innerText.includes("Gleam")`)
	b.keys(kb.Enter)
	b.focused("the option", `f.value === "Language Gleam"`)
	b.keys(kb.Enter)
	b.see(messages, "learning Gleam")
	b.command("learn")
	b.keys("Zig")
	b.see("#command .empty", "The bot has no suggestions")
	b.keys(kb.Escape, kb.Enter)
	b.see(messages, "learning Zig")
}

func subcommands(b *tab) {
	b.command("tree leaf")
	b.click("button", "Run")
	b.see(messages, "a leaf")
	b.command("twig")
	b.find("form", "/tree branch twig")
	b.keys("7", kb.Enter)
	b.see(messages, "7 twigs")
	b.see(messages, "used /tree branch twig")
}

func contextMenus(b *tab) {
	b.say("to be quoted")
	b.menu("alice: to be quoted", "Quote")
	b.see(messages, "quoting to be quoted")
	b.see(messages, "used Quote")
	b.click("button", "flora")
	b.click("menuitem", "Look")
	b.see(messages, "looking at flora")
	b.click("button", "alice")
	b.click("menuitem", "Mention")
	b.focused("the composer", `f.id === "composer" && f.value === "<@`+b.member("alice")+`> "`)
}
