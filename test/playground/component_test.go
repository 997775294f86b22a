package playground

import (
	"github.com/chromedp/chromedp/kb"
)

func buttons(b *tab) {
	b.say("!panel")
	for _, n := range []string{"1", "2", "3", "4"} {
		b.click("button", "Button "+n)
		b.see(messages, "last pressed "+n)
	}
	b.holds("the focus stays", `document.activeElement.textContent === "Button 4"`)
	b.holds("styles", `["primary", "secondary", "success", "danger"].every((s) => document.querySelector(".button." + s))`)
	b.holds("disabled", `[...document.querySelectorAll("button.button")].find((n) => n.textContent === "Off").disabled`)
	b.holds("a link", `document.querySelector("a.button").href === "https://example.com/"`)
	b.click("button", "Slow")
	b.see(messages, "A panel, slowly")
}

func selects(b *tab) {
	b.say("!panel")
	b.choose("Colours: Colours", "Red", "Blue")
	b.holds("two of two", `document.querySelector(":popover-open .note").innerText === "2 of 1 to 2"`)
	b.shoot("select")
	b.click("button", "Done")
	b.see(messages, "colours b+r")
	b.choose("Who: Who", "carol")
	b.see(messages, "users: carol")
	b.say("!selects")
	b.choose("Role: Role", "Mod")
	b.see(messages, "roles: Moderator")
	b.choose("Channel: Channel", "gen")
	b.see(messages, "channels: general")
	b.choose("Either: Either", "bob")
	b.see(messages, "mentionables: bob")
	b.click("button", "Role: @Moderator")
	b.keys(kb.Escape)
	b.focused("the select", `f.matches("button.select")`)
}

func layout(b *tab) {
	b.say("!layout")
	b.find("group", "Container")
	b.find("group", "Media gallery")
	b.find("heading", "A layout")
	b.find("link", "notes.txt")
	b.holds("its colour", `document.querySelector(".container").style.getPropertyValue("--accent") === "#ff8800"`)
	b.holds("a separator", `document.querySelector(".container hr[role=separator]")`)
	b.holds("a thumbnail, and a gallery of two", `document.querySelectorAll(".section .elsewhere.small").length === 1 && document.querySelectorAll(".gallery .elsewhere").length === 2`)
	b.choose("Pick one: Pick one", "Second")
	b.see(messages, "one 2")
	b.shoot("layout")
}

func forms(b *tab) {
	b.command("form")
	b.click("button", "Run")
	b.find("dialog", "The form")
	b.focused("the first field", `f.id === "field-0"`)
	b.keys("Ann", kb.Tab, "once <b>")
	b.choose("Rating: Make a selection", "Good")
	b.choose("Friend: Make a selection", "bob")
	b.shoot("form")
	b.click("button", "Submit")
	b.see(messages, "name=Ann story=once <b> rating=good friend=bob")
	b.holds("the form is closed", `!document.querySelector("dialog")`)
	b.say("!panel")
	b.click("button", "Form")
	b.find("dialog", "The form")
	b.keys("Ben")
	b.click("button", "Submit")
	b.see("dialog .problem", `takes from 1 to 1 values`)
	b.tolerate("status of 400")
	b.keys(kb.Escape)
	b.holds("the form is closed", `!document.querySelector("dialog")`)
	b.focused("what opened it", `f.textContent === "Form"`)
}
