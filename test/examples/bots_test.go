package examples

import "strings"

// bots says how each example is used, and what people must see.
var bots = map[string]func(g *guild){
	"afk": func(g *guild) {
		g.say("alice", ".afk at dinner")
		g.see("You are away: at dinner")
		g.say("bob", "hi <@"+g.users["alice"]+">")
		g.see("alice is away since", "at dinner")
		g.say("alice", "I am back")
		g.see("Welcome back.")
		g.say("bob", "<@"+g.users["flora"]+"> afk")
		g.see("You are away: no reason")
	},
	"announcements": func(g *guild) {
		g.want(g.use("owner", "announce plan", options{"in": "1s", "text": "Big news!"}), "It goes out")
		g.see("Big news!")
		g.want(g.use("owner", "announce plan", options{"in": "2h", "text": "Later"}), "It goes out")
		g.want(g.use("owner", "announce list", nil), "in <#"+g.channel+">")
		g.want(g.use("owner", "announce plan", options{"in": "soon", "text": "x"}), "Give a time")
	},
	"audit-log": func(g *guild) {
		g.want(g.use("owner", "audit-log", nil), "told here")
		m := g.say("alice", "first words")
		g.until("the words to be remembered", func() bool { return g.kv("seen-"+m.ID[len(m.ID)-1:], m.ID) != "" })
		g.call("PATCH", g.sim("/channels/"+g.channel+"/messages/"+m.ID), options{"content": "second words"}, nil)
		g.see("Message edited", "first words", "second words")
		g.call("DELETE", g.sim("/channels/"+g.channel+"/messages/"+m.ID), nil, nil)
		g.see("Message deleted", "alice", "second words")
		user := g.join("dora")
		g.see("Joined", "dora")
		g.leave(user)
		g.see("Left", "dora")
	},
	"autorole": func(g *guild) {
		g.want(g.use("owner", "autorole set", options{"role": g.role}), "New people get")
		user := g.join("emil")
		g.until("the role", func() bool { return g.hasRole(user, g.role) })
		g.want(g.use("owner", "autorole off", nil), "no role")
	},
	"birthdays": func(g *guild) {
		g.want(g.use("alice", "birthday set", options{"month": 2, "day": 30}), "no such day")
		g.want(g.use("alice", "birthday today", nil), "Nobody's birthday today.")
		g.want(g.use("alice", "birthday set", options{"month": 2, "day": 29}), "I will remember")
		if got := g.kv("birthdays", "02-29:"+g.users["alice"]); got != g.channel {
			g.t.Errorf("the birthday is kept as %q", got)
		}
	},
	"counting": func(g *guild) {
		g.want(g.use("owner", "counting", nil), "Count here")
		g.reacted(g.say("alice", "1").ID, "✅")
		g.reacted(g.say("bob", "2").ID, "✅")
		g.reacted(g.say("bob", "3").ID, "❌")
		g.see("Nobody counts twice", "the record is 2")
		g.reacted(g.say("alice", "7").ID, "❌")
		g.see("It should have been 1")
	},
	"dice": func(g *guild) {
		first := g.want(g.use("alice", "roll", options{"dice": "2d6+1"}), "🎲 2d6+1:", " +1 = **")
		g.want(g.click("alice", first.Message, first.Message.button(g.t, "Again")), "🎲 2d6+1:")
		g.say("bob", "!r d20")
		g.see("🎲 d20:")
		g.want(g.use("alice", "roll", options{"dice": "seven"}), "Say it like")
	},
	"economy": func(g *guild) {
		g.say("alice", "$daily")
		g.see("Here are 100 coins.")
		g.say("alice", "$daily")
		g.see("You were paid already")
		g.say("alice", "$pay <@"+g.users["bob"]+"> 30")
		g.see("bob got 30 coins.")
		g.say("alice", "$pay <@"+g.users["bob"]+"> much")
		g.see(`coins: "much" is no whole number. Usage: ` + "`$pay <member> <coins>`")
		g.say("alice", "$bal")
		g.see("alice has 70 coins.")
		g.say("alice", "$bal "+g.users["bob"])
		g.see("bob has 30 coins.")
		g.say("alice", "$rich")
		g.see("1. <@"+g.users["alice"]+">: 70", "2. <@"+g.users["bob"]+">: 30")
		g.say("alice", "$help")
		g.see("$pay <member> <coins>", "Your wage")
	},
	"feedback": func(g *guild) {
		g.want(g.use("owner", "feedback-channel", nil), "Feedback comes here")
		if got := g.use("alice", "feedback", nil); got.Modal.Title != "Your feedback" {
			g.t.Errorf("got %+v", got)
		}
		g.want(g.submit("alice", "feedback", options{"rating": []string{"4"}, "text": "Nice place"}), "Thank you!")
		g.see("⭐⭐⭐⭐", "Nice place", "alice · 4.0 on average")
	},
	"github": func(g *guild) {
		// The tests' runtime reaches no address; the preview itself is tested in sdk-bundle/testing.
		g.reacted(g.say("alice", "look at https://github.com/flora-runtime/flora-runtime/issues/1").ID, "⚠️")
	},
	"giveaways": func(g *guild) {
		o := g.want(g.use("owner", "giveaway", options{"prize": "a book", "time": "4s"}), "🎁 a book", "0 taking part")
		g.click("alice", o.Message, o.Message.button(g.t, "Take part"))
		g.see("🎁 a book", "1 taking part")
		g.see("<@" + g.users["alice"] + "> won a book!")
		g.until("the button to go", func() bool { m, _ := g.message(o.Message.ID); return len(m.Components) == 0 })
	},
	"levels": func(g *guild) {
		g.say("alice", "hello")
		g.until("experience", func() bool { return g.kv("levels", g.users["alice"]) != "" })
		g.want(g.use("alice", "rank", nil), "alice is at level ", " XP.")
		g.want(g.use("alice", "rank", options{"member": g.users["bob"]}), "bob is at level 0 with 0 XP.")
		g.want(g.use("bob", "leaderboard", nil), "1. <@"+g.users["alice"]+">: level")
	},
	"moderation": func(g *guild) {
		alice := g.users["alice"]
		g.want(g.use("owner", "mod warn", options{"member": alice, "reason": "spam"}), "was warned (1): spam")
		g.want(g.use("owner", "mod warnings", options{"member": alice}), "Warnings of alice", "spam")
		g.want(g.use("owner", "mod timeout", options{"member": alice, "time": "10m"}), "is silent for 10m")
		g.want(g.use("owner", "mod timeout", options{"member": alice, "time": "long"}), "Give a time")
		for range 3 {
			g.say("bob", "spam")
		}
		g.want(g.use("owner", "mod purge", options{"count": 3}), "Deleted 3 messages.")
		for _, m := range g.messages(g.channel) {
			if m.Content == "spam" {
				g.t.Errorf("a message was not deleted: %+v", m)
			}
		}
		g.want(g.use("owner", "mod kick", options{"member": g.users["bob"], "reason": "spam"}), "bob was kicked.")
		g.want(g.use("owner", "mod ban", options{"member": g.users["carol"], "days": 1}), "carol was banned.")
		for _, m := range g.state().Members {
			if m.Username == "bob" || m.Username == "carol" {
				g.t.Errorf("%s is still there", m.Username)
			}
		}
	},
	"poll-buttons": func(g *guild) {
		o := g.want(g.use("alice", "poll", options{"question": "Tea?", "answers": "yes, no"}), "Tea?", "0 votes")
		g.want(g.click("alice", o.Message, o.Message.button(g.t, "yes")), "1 votes")
		g.want(g.click("bob", o.Message, o.Message.button(g.t, "yes")), "2 votes")
		g.want(g.click("bob", o.Message, o.Message.button(g.t, "no")), "yes\n`█████░░░░░` 1", "no\n`█████░░░░░` 1", "2 votes")
		g.want(g.use("alice", "poll", options{"question": "Tea?", "answers": "yes"}), "two to five")
	},
	"poll-native": func(g *guild) {
		o := g.use("alice", "ask", options{"question": "Tea?", "answers": "yes, no"})
		if p := o.Message.Poll; p == nil || p.Question.Text != "Tea?" || len(p.Answers) != 2 {
			g.t.Fatalf("got %+v", o)
		}
		g.call("POST", g.sim("/events"), options{"type": "MESSAGE_POLL_VOTE_ADD", "data": options{
			"user_id": g.users["bob"], "channel_id": g.channel, "message_id": o.Message.ID, "guild_id": g.id, "answer_id": 1,
		}}, nil)
		g.until("the vote", func() bool { return g.kv("votes", "count") == "1" })
		g.want(g.use("alice", "turnout", nil), "1 votes so far.")
	},
	"quotes": func(g *guild) {
		g.want(g.use("alice", "quote", nil), "The book is empty.")
		m := g.say("bob", "I think, so I am")
		g.want(g.menu("alice", "Quote", m.ID), "I think, so I am", "#1 · bob · quoted by alice")
		g.want(g.use("carol", "quote", nil), "I think, so I am")
		g.want(g.use("carol", "quote", options{"number": 5}), "There are 1 quotes.")
	},
	"reaction-roles": func(g *guild) {
		m := g.say("owner", "React to get the role")
		g.want(g.use("owner", "reaction-role", options{"message": m.ID, "emoji": "🎮", "role": g.role}), "🎮 gives")
		g.reacted(m.ID, "🎮")
		g.react("alice", m, "🎮")
		g.until("the role", func() bool { return g.hasRole(g.users["alice"], g.role) })
		g.unreact("alice", m, "🎮")
		g.until("the role to go", func() bool { return !g.hasRole(g.users["alice"], g.role) })
	},
	"reminders": func(g *guild) {
		if o := g.want(g.use("alice", "remind", options{"in": "1s", "what": "the tea"}), "I will remind you"); !o.Ephemeral {
			g.t.Error("everybody sees the answer")
		}
		g.use("alice", "remind", options{"in": "2h", "what": "the cake"})
		g.want(g.use("alice", "reminders", nil), "the cake")
		g.want(g.use("bob", "reminders", nil), "Nothing is noted.")
		g.see("<@" + g.users["alice"] + ">, you wanted to be reminded: the tea")
		g.want(g.use("alice", "remind", options{"in": "never", "what": "x"}), "Give a time")
	},
	"rock-paper-scissors": func(g *guild) {
		o := g.want(g.use("alice", "rps", options{"against": g.users["bob"]}), "challenges you!")
		g.want(g.click("carol", o.Message, o.Message.button(g.t, "rock")), "not your game")
		g.want(g.click("alice", o.Message, o.Message.button(g.t, "rock")), "You took rock")
		g.want(g.click("alice", o.Message, o.Message.button(g.t, "paper")), "chosen already")
		g.want(g.click("bob", o.Message, o.Message.button(g.t, "scissors")), "🪨 against ✂️: <@"+g.users["alice"]+"> wins!")
	},
	"role-menu": func(g *guild) {
		g.want(g.use("owner", "role-menu", options{"first": g.role}), "The menu is up.")
		menu := g.see("Which roles do you want?")
		g.want(g.click("alice", menu, "roles", g.role), "You have: <@&"+g.role+">")
		if !g.hasRole(g.users["alice"], g.role) {
			g.t.Error("alice has no role")
		}
		g.want(g.click("alice", menu, "roles"), "none of these roles")
		if g.hasRole(g.users["alice"], g.role) {
			g.t.Error("alice has the role still")
		}
	},
	"server-info": func(g *guild) {
		g.want(g.use("alice", "info server", nil), "Owner: <@"+g.users["owner"]+">", "Members: ", "Roles: 3")
		g.want(g.use("alice", "info member", options{"member": g.users["moderator"]}), "moderator", "Roles: <@&"+g.role+">")
		g.want(g.use("alice", "info member", nil), "alice", "Roles: none")
		g.want(g.use("alice", "info role", options{"role": g.role}), "Position: 1")
	},
	"starboard": func(g *guild) {
		board := g.newChannel("board")
		g.deploy("starboard")
		g.want(g.use("owner", "starboard", options{"channel": board, "stars": 2}), "Starred messages go to")
		m := g.say("alice", "a good joke")
		g.react("bob", m, "⭐")
		g.react("carol", m, "⭐")
		g.seeIn(board, "⭐ 2", "a good joke")
		g.react("owner", m, "⭐")
		g.seeIn(board, "⭐ 3")
	},
	"sticky": func(g *guild) {
		g.say("bob", "!stick Be nice")
		g.see("You need the permission ManageMessages")
		g.say("owner", "!stick Be nice")
		first := g.see("📌 Be nice")
		g.say("alice", "hello")
		g.until("the text to move down", func() bool {
			all := g.messages(g.channel)
			_, there := g.message(first.ID)
			return !there && strings.Contains(all[len(all)-1].Content, "📌 Be nice")
		})
		g.reacted(g.say("owner", "!unstick").ID, "✅")
	},
	"suggestions": func(g *guild) {
		if o := g.use("alice", "suggest", nil); o.Modal.CustomID != "suggestion" {
			g.t.Fatalf("got %+v", o)
		}
		o := g.want(g.submit("alice", "suggestion", options{"title": "Cake", "text": "More of it"}), "Cake", "More of it", "by alice")
		g.reacted(o.Message.ID, "👍")
		g.want(g.click("bob", o.Message, o.Message.button(g.t, "Accept")), "Only those who manage")
		g.want(g.click("owner", o.Message, o.Message.button(g.t, "Accept")), "Cake", "accepted by owner")
		g.want(g.use("alice", "suggest", nil), "Please wait")
	},
	"tags": func(g *guild) {
		g.want(g.use("alice", "tag set", options{"name": "Rules", "text": "Be nice."}), "Saved")
		g.want(g.use("alice", "tag set", options{"name": "roles", "text": "Ask."}), "Saved")
		o := g.act("bob", map[string]any{"command": "tag", "subcommand": "show", "options": options{"name": "r"}, "focused": "name"})
		if len(o.Choices) != 2 || o.Choices[0].Value != "roles" || o.Choices[1].Value != "rules" {
			g.t.Errorf("got %+v", o)
		}
		g.want(g.use("bob", "tag show", options{"name": "rules"}), "Be nice.")
		g.want(g.use("bob", "tag set", options{"name": "rules", "text": "Be rude."}), "somebody else's")
		g.want(g.use("bob", "tag delete", options{"name": "rules"}), "You have no such tag")
		g.say("carol", "?roles")
		g.see("Ask.")
		g.want(g.use("alice", "tag delete", options{"name": "rules"}), "Deleted.")
	},
	"tickets": func(g *guild) {
		g.want(g.use("owner", "ticket-panel", options{"staff": g.role}), "The panel is up.")
		panel := g.see("Need help?")
		if o := g.click("alice", panel, "ticket:open"); o.Modal.Title != "New ticket" {
			g.t.Fatalf("got %+v", o)
		}
		g.want(g.submit("alice", "ticket:new", options{"subject": "Help me", "details": "It is broken"}), "Your ticket: <#")
		channel := g.find("ticket-1")
		m := g.seeIn(channel, "somebody will be with you soon", "Help me", "It is broken")
		g.want(g.click("moderator", m, "ticket:close"), "This ticket is closed")
		g.until("the channel to go", func() bool { return g.find("ticket-1") == "" })
	},
	"trivia": func(g *guild) {
		o := g.want(g.use("alice", "trivia", nil), "?**")
		right := map[string]string{"How many bits": "8", "Which planet": "Jupiter", "What is 7": "56"}
		for ask, answer := range right {
			if strings.Contains(o.Content, ask) {
				for _, b := range o.Message.Components[0].Components {
					if b.Label != answer {
						g.want(g.click("bob", o.Message, b.CustomID), "is wrong")
						break
					}
				}
				g.want(g.click("alice", o.Message, o.Message.button(g.t, answer)), "The point goes to <@"+g.users["alice"]+">")
			}
		}
		g.want(g.use("alice", "score", nil), "You have 1 points.")
	},
	"welcome": func(g *guild) {
		g.want(g.use("owner", "welcome", options{"channel": g.channel, "text": "Hi {user}, read the rules"}), "Newcomers are greeted")
		user := g.join("fred")
		g.see("Hi <@"+user+">, read the rules", "fred is here")
		g.leave(user)
		g.see("fred has left.")
	},
}
