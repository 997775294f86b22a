// A bot that uses everything that the playground shows.

const seen = kv.store("seen");
const many = kv.store("many");
const evil = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`;

createBot({
  prefix: "!",
  commands: [
    prefix({ name: "ping", description: "Answers", run: (ctx) => ctx.reply("pong!") }),
    prefix({ name: "markdown", description: "All of it", run: (ctx) => ctx.reply([
      "# Big", "## Middle", "-# tiny", "**bold** *italic* __under__ ~~gone~~ ||secret|| `code`", "> quoted", "- item", "1. first",
      `<@${ctx.msg.author.id}> <#${ctx.msg.channelId}> @everyone <:flora:123456789012345678> <t:1700000000:D> <t:1700000000:R>`,
      "[a link](https://example.com/x) https://example.org/y [bad](javascript:alert(1)) \\*plain\\*", "```js\nlet a = '**';\n```", "👍 done",
    ].join("\n")) }),
    prefix({ name: "evil", description: "Tries markup", run: (ctx) => ctx.reply({
      content: `${evil} [x](javascript:window.pwned=1) \`\`\`<b>\n${evil}\`\`\``,
      embeds: [{ title: evil, url: "https://example.com/\"><script>window.pwned=1</script>", description: evil, author: { name: evil }, footer: { text: evil }, fields: [{ name: evil, value: evil }], image: { url: "https://example.com/a.png\" onerror=\"window.pwned=1" } }],
      components: [actionRow().addComponents(button().setCustomId(`evil"><b id=pwned>`).setLabel(evil.slice(0, 80)).setStyle(ButtonStyle.Danger)),
        actionRow().addComponents(stringSelect("evil-select").setPlaceholder(evil.slice(0, 100)).addOptions({ label: evil.slice(0, 100), value: `"><i>`, description: evil.slice(0, 100) }))],
    }) }),
    prefix({ name: "embed", description: "An embed", run: (ctx) => ctx.reply({
      embeds: [embed().setTitle("The title").setUrl("https://example.com").setDescription("Text with **weight**").setColor(0x2f7d4f).setAuthor("The author").setThumbnail("https://example.com/t.png")
        .setImage("attachment://dot.png").setFooter("The footer").setTimestamp(new Date(1_700_000_000_000)).addField("One", "1", true).addField("Two", "2", true).addField("Three", "3", true).addField("Whole", "line")],
      attachments: [{ filename: "dot.png", data: Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"), (c) => c.charCodeAt(0)) }, { filename: "notes.txt", data: "c29tZSBub3Rlcw==" }],
    }) }),
    prefix({ name: "panel", description: "Components", run: (ctx) => ctx.reply({
      content: "A panel",
      components: [
        actionRow().addComponents(...[ButtonStyle.Primary, ButtonStyle.Secondary, ButtonStyle.Success, ButtonStyle.Danger].map((s) => button().setCustomId(`b${s}`).setLabel(`Button ${s}`).setStyle(s)), button().setUrl("https://example.com").setLabel("Rules")),
        actionRow().addComponents(button().setCustomId("off").setLabel("Off").setStyle(ButtonStyle.Primary).setDisabled(true), button().setCustomId("mute").setLabel("Mute").setEmoji("🤫").setStyle(ButtonStyle.Secondary), button().setCustomId("form").setLabel("Form").setStyle(ButtonStyle.Success), button().setCustomId("slow").setLabel("Slow").setStyle(ButtonStyle.Primary)),
        actionRow().addComponents(stringSelect("colours").setPlaceholder("Colours").setMinValues(1).setMaxValues(2).addOptions({ label: "Red", value: "r", description: "like blood" }, { label: "Green", value: "g", emoji: { name: "🟢" } }, { label: "Blue", value: "b" })),
        actionRow().addComponents(userSelect("users").setPlaceholder("Who")),
      ],
    }) }),
    prefix({ name: "selects", description: "More selects", run: (ctx) => ctx.reply({
      content: "More selects",
      components: [actionRow().addComponents(roleSelect("roles").setPlaceholder("Role")), actionRow().addComponents(channelSelect("channels").setPlaceholder("Channel").setChannelTypes([0])), actionRow().addComponents(mentionableSelect("mentionables").setPlaceholder("Either"))],
    }) }),
    prefix({ name: "layout", description: "Components v2", run: (ctx) => ctx.reply({
      flags: MessageFlags.IS_COMPONENTS_V2,
      attachments: [{ filename: "notes.txt", data: "c29tZSBub3Rlcw==" }],
      components: [
        textDisplay("# A layout"),
        container().setAccentColor(0xff8800).addComponents(
          section().addComponents(textDisplay("Left of a thumbnail")).setAccessory(thumbnail("https://example.com/t.png")),
          separator(),
          section().addComponents(textDisplay("Left of a button")).setAccessory(button().setCustomId("b1").setLabel("Press").setStyle(ButtonStyle.Primary)),
          mediaGallery().setItems({ media: { url: "https://example.com/1.png" } }, { media: { url: "https://example.com/2.png" }, description: "The second" }),
          file("attachment://notes.txt"),
          actionRow().addComponents(stringSelect("one").setPlaceholder("Pick one").addOptions({ label: "First", value: "1" }, { label: "Second", value: "2" })),
        ),
      ],
    }) }),
    prefix({ name: "poll", description: "A poll", run: (ctx) => ctx.reply({ poll: { question: { text: "Tea?" }, answers: [{ poll_media: { text: "Yes" } }, { poll_media: { text: "No" } }], duration: 1 } }) }),
    prefix({ name: "edit", description: "Edits itself", run: async (ctx) => {
      const m = await ctx.reply("before the edit");
      await rest.editMessage({ channelId: ctx.msg.channelId, messageId: m.id, content: "after the edit" });
    } }),
    prefix({ name: "bye", description: "Deletes it", run: (ctx) => rest.deleteMessage({ channelId: ctx.msg.channelId, messageId: ctx.msg.id }) }),
    prefix({ name: "log", description: "Logs", run: () => { console.log("an info line"); console.warn("a warning line"); console.error("an error line"); } }),
    prefix({ name: "keep", description: "Keeps", run: async (ctx) => {
      await seen.set("last", `kept <b>for</b> ${ctx.msg.author.username}`);
      for (let i = 0; i < 60; i++) await many.set(`key-${String(i).padStart(2, "0")}`, String(i));
      await ctx.reply("kept");
    } }),
    prefix({ name: "react", description: "Reacts", run: (ctx) => ctx.react("🎉") }),
  ],
  slashCommands: [
    slash({ name: "whisper", description: "Only you see it", run: (ctx) => ctx.reply({ content: `psst, ${ctx.user.username}`, ephemeral: true }) }),
    slash({ name: "think", description: "Takes a while", run: async (ctx) => {
      await ctx.defer();
      await new Promise((r) => setTimeout(r, 700));
      await ctx.reply("thought about it");
    } }),
    slash({ name: "silent", description: "Never answers", run: () => {} }),
    slash({ name: "form", description: "Opens a form", run: (ctx) => open(ctx) }),
    slash({ name: "all", description: "Every option", options: [
      { name: "text", description: "A text", required: true, minLength: 2, maxLength: 10 },
      { name: "count", description: "A count", type: "integer", minValue: 1, maxValue: 5 },
      { name: "ratio", description: "A ratio", type: "number", minValue: 0, maxValue: 1 },
      { name: "flag", description: "A flag", type: "boolean" },
      { name: "who", description: "A user", type: "user" },
      { name: "role", description: "A role", type: "role" },
      { name: "where", description: "A channel", type: "channel" },
      { name: "either", description: "Either", type: "mentionable" },
      { name: "file", description: "A file", type: "attachment" },
      { name: "size", description: "A size", choices: [{ name: "Small", value: "s" }, { name: "Large", value: "l" }] },
    ], run: (ctx) => {
      const o = ctx.options as any;
      return ctx.reply(`text=${o.text} count=${o.count} ratio=${o.ratio} flag=${o.flag} who=${o.who?.username} role=${o.role?.name} where=${o.where?.name} either=${o.either?.username ?? o.either?.name} file=${o.file?.filename}:${o.file?.size} size=${o.size}`);
    } }),
    slash({ name: "learn", description: "Completes", options: [
      { name: "language", description: "Which", required: true, autocomplete: (ctx) => ["Go", "Gleam", "Rust"].filter((l) => l.toLowerCase().startsWith(String(ctx.focused.value).toLowerCase())).map((l) => ({ name: `Language ${l}`, value: l })) },
    ], run: (ctx) => ctx.reply(`learning ${ctx.options.language}`) }),
    slash({ name: "tree", description: "Subcommands", subcommands: [
      { name: "leaf", description: "A leaf", run: (ctx) => ctx.reply("a leaf") },
      { name: "branch", description: "A branch", subcommands: [{ name: "twig", description: "A twig", options: [{ name: "n", description: "How many", type: "integer" }], run: (ctx) => ctx.reply(`${ctx.options.n ?? "no"} twigs`) }] },
    ] }),
    slash({ name: "Quote", type: "message", run: (ctx) => ctx.reply(`quoting ${ctx.target.content}`) }),
    slash({ name: "Look", type: "user", run: (ctx) => ctx.reply(`looking at ${ctx.target.username}`) }),
  ],
});

const open = (ctx: any) => ctx.showModal({
  custom_id: "form", title: "The form",
  components: [
    label("Name").setDescription("As it is written").setComponent(inputText("name").setStyle(InputTextStyle.Short).setMaxLength(20)),
    label("Story").setComponent(inputText("story").setStyle(InputTextStyle.Paragraph).setRequired(false)),
    label("Rating").setComponent(stringSelect("rating").addOptions({ label: "Good", value: "good" }, { label: "Bad", value: "bad" })),
    label("Friend").setComponent(userSelect("friend")),
  ],
});

onModal("form", (ctx) => ctx.reply({ content: `name=${ctx.fields.name} story=${ctx.fields.story} rating=${ctx.fields.rating[0]} friend=${(ctx.fields.friend[0] as any).username}`, ephemeral: true }));
onComponent("form", open);
onComponent(/^b(?<n>\d)$/, (ctx) => ctx.update(`A panel, last pressed ${ctx.params.n}`));
onComponent("mute", () => {});
onComponent("slow", async (ctx) => {
  await ctx.deferUpdate();
  await ctx.edit("A panel, slowly");
});
onComponent("colours", (ctx) => ctx.reply(`colours ${[...ctx.values].sort().join("+")}`));
for (const id of ["users", "roles", "channels", "mentionables"]) {
  onComponent(id, (ctx: any) => ctx.reply({ content: `${id}: ${ctx.selected[0].username ?? ctx.selected[0].name}`, ephemeral: true }));
}
onComponent("one", (ctx) => ctx.reply(`one ${ctx.values[0]}`));
cron("tidy up", "0 0 1 1 *", () => console.log("the cron job ran"));
