package sdkbundle_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func TestBuildersMakeDiscordsJSON(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"embed", `embed()`, `{}`},
		{"embed of all parts", `embed({ title: "old", color: 1 }).setTitle("t").setDescription("d").setUrl("u").setColor(255).setTimestamp("2026-01-02T03:04:05Z")
			.setFooter("f", "fi").setImage("i").setThumbnail("th").setAuthor("a", { url: "au", iconUrl: "ai" }).addField("n", "v").addFields([{ name: "n2", value: "v2", inline: true }])`,
			`{"title":"t","color":255,"description":"d","url":"u","timestamp":"2026-01-02T03:04:05Z","footer":{"text":"f","iconUrl":"fi"},"image":{"url":"i"},"thumbnail":{"url":"th"},
			"author":{"name":"a","url":"au","iconUrl":"ai"},"fields":[{"name":"n","value":"v","inline":false},{"name":"n2","value":"v2","inline":true}]}`},
		{"embed parts without options", `new EmbedBuilder().setFooter("f").setAuthor("a").setTimestamp(0)`, `{"footer":{"text":"f"},"author":{"name":"a"},"timestamp":"1970-01-01T00:00:00.000Z"}`},
		{"embed timestamp of a date", `embed().setTimestamp(new Date(1))`, `{"timestamp":"1970-01-01T00:00:00.001Z"}`},
		{"embed fields are replaced", `embed().addField("a", "b").setFields([{ name: "c", value: "d" }])`, `{"fields":[{"name":"c","value":"d"}]}`},
		{"embed does not change its source", `(() => { const raw = { fields: [{ name: "a", value: "b" }] }; embed(raw).addField("c", "d").setTitle("x"); return raw; })()`, `{"fields":[{"name":"a","value":"b"}]}`},
		{"embed toJSON is a copy", `(() => { const e = embed().setTitle("a"); const j = e.toJSON(); e.setTitle("b"); return j; })()`, `{"title":"a"}`},
		{"row", `actionRow().addComponents(button().setCustomId("a"), { type: 2, custom_id: "b" })`, `{"type":1,"components":[{"type":2,"custom_id":"a"},{"type":2,"custom_id":"b"}]}`},
		{"row of an array", `actionRow().addComponents(button()).addComponents([button(), button()])`, `{"type":1,"components":[{"type":2},{"type":2},{"type":2}]}`},
		{"row is replaced", `actionRow().addComponents(button()).setComponents([stringSelect("s")])`, `{"type":1,"components":[{"type":3,"custom_id":"s"}]}`},
		{"row by class", `new ActionRowBuilder()`, `{"type":1,"components":[]}`},
		{"button", `button().setStyle(ButtonStyle.Danger).setCustomId("id").setLabel("l").setEmoji({ name: "x" }).setDisabled()`, `{"type":2,"style":4,"custom_id":"id","label":"l","emoji":{"name":"x"},"disabled":true}`},
		{"link button", `new ButtonBuilder().setUrl("u").setDisabled(false)`, `{"type":2,"url":"u","style":5,"disabled":false}`},
		{"premium button", `button().setSkuId("1")`, `{"type":2,"sku_id":"1","style":6}`},
		{"string select", `stringSelect("s").setPlaceholder("p").setMinValues(0).setMaxValues(2).setRequired().setDisabled(false).setOptions([{ label: "a", value: "1" }]).addOptions({ label: "b", value: "2", default: true })`,
			`{"type":3,"custom_id":"s","placeholder":"p","min_values":0,"max_values":2,"required":true,"disabled":false,"options":[{"label":"a","value":"1"},{"label":"b","value":"2","default":true}]}`},
		{"string select by class", `new StringSelectMenuBuilder("s").setCustomId("t")`, `{"type":3,"custom_id":"t"}`},
		{"user select", `userSelect("u").setDefaultUsers(["1", "2"]).addDefaultUser("3")`, `{"type":5,"custom_id":"u","default_values":[{"id":"1","type":"user"},{"id":"2","type":"user"},{"id":"3","type":"user"}]}`},
		{"role select", `roleSelect("r").setDefaultRoles(["1"]).addDefaultRole("2")`, `{"type":6,"custom_id":"r","default_values":[{"id":"1","type":"role"},{"id":"2","type":"role"}]}`},
		{"mentionable select", `mentionableSelect("m").setDefaultUsers(["1"]).setDefaultRoles(["2"]).setDefaultUsers(["3"]).addDefaultValue("4", "role")`,
			`{"type":7,"custom_id":"m","default_values":[{"id":"2","type":"role"},{"id":"3","type":"user"},{"id":"4","type":"role"}]}`},
		{"channel select", `channelSelect("c").setChannelTypes([0, 5]).setDefaultChannels(["1"]).addDefaultChannel("2")`, `{"type":8,"custom_id":"c","channel_types":[0,5],"default_values":[{"id":"1","type":"channel"},{"id":"2","type":"channel"}]}`},
		{"default values", `userSelect("u").setDefaultValues([{ id: "1", type: "user" }])`, `{"type":5,"custom_id":"u","default_values":[{"id":"1","type":"user"}]}`},
		{"select base", `new SelectMenuBuilderBase(5, "x")`, `{"type":5,"custom_id":"x"}`},
		{"text input", `inputText("i").setStyle(InputTextStyle.Paragraph).setMinLength(1).setMaxLength(2).setRequired().setValue("v").setPlaceholder("p").setCustomId("j")`,
			`{"type":4,"custom_id":"j","style":2,"min_length":1,"max_length":2,"required":true,"value":"v","placeholder":"p"}`},
		{"section", `section().addComponents(textDisplay("t")).setAccessory(thumbnail("u"))`, `{"type":9,"components":[{"type":10,"content":"t"}],"accessory":{"type":11,"media":{"url":"u"}}}`},
		{"section without accessory", `section()`, `{"type":9,"components":[],"accessory":null}`},
		{"text display", `textDisplay("a").setContent("b")`, `{"type":10,"content":"b"}`},
		{"thumbnail", `thumbnail("a").setUrl("b").setDescription("d").setSpoiler()`, `{"type":11,"media":{"url":"b"},"description":"d","spoiler":true}`},
		{"media gallery", `mediaGallery().addItem("a").addItem("b", { description: "d", spoiler: true })`, `{"type":12,"items":[{"media":{"url":"a"}},{"media":{"url":"b"},"description":"d","spoiler":true}]}`},
		{"media gallery of items", `mediaGallery().setItems([{ media: { url: "a" } }])`, `{"type":12,"items":[{"media":{"url":"a"}}]}`},
		{"file", `file("a").setUrl("attachment://b").setSpoiler()`, `{"type":13,"file":{"url":"attachment://b"},"spoiler":true}`},
		{"separator", `separator()`, `{"type":14,"divider":true}`},
		{"separator with spacing", `[separator(false).setSpacing("small"), separator().setDivider(false).setSpacing("large"), separator().setSpacing(1)]`,
			`[{"type":14,"divider":false,"spacing":1},{"type":14,"divider":false,"spacing":2},{"type":14,"divider":true,"spacing":1}]`},
		{"container", `container().setAccentColor(1).setSpoiler(false).addComponents(textDisplay("t"), separator()).setComponents([actionRow()])`,
			`{"type":17,"accent_color":1,"spoiler":false,"components":[{"type":1,"components":[]}]}`},
		{"label", `label("l").setLabel("m").setDescription("d").setComponent(inputText("i"))`, `{"type":18,"label":"m","description":"d","component":{"type":4,"custom_id":"i"}}`},
		{"file upload", `fileUpload("f").setCustomId("g").setMinValues(0).setMaxValues(3).setRequired(false)`, `{"type":19,"custom_id":"g","min_values":0,"max_values":3,"required":false}`},
		{"remaining classes", `[new UserSelectMenuBuilder("a"), new RoleSelectMenuBuilder("b"), new MentionableSelectMenuBuilder("c"), new ChannelSelectMenuBuilder("d"), new InputTextBuilder("e"), new SectionBuilder(),
			new TextDisplayBuilder("f"), new ThumbnailBuilder("g"), new MediaGalleryBuilder(), new FileBuilder("h"), new SeparatorBuilder(), new ContainerBuilder(), new LabelBuilder("i"), new FileUploadBuilder("j")].map((b) => b.toJSON().type)`,
			`[5,6,7,8,4,9,10,11,12,13,14,17,18,19]`},
		{"a subclass", `new (class extends EmbedBuilder { warn() { return this.setColor(0xff0000); } })().warn().setTitle("t")`, `{"color":16711680,"title":"t"}`},
		{"styles", `[ButtonStyle, ButtonStyles === ButtonStyle, InputTextStyle, InputTextStyles === InputTextStyle]`, `[{"Primary":1,"Secondary":2,"Success":3,"Danger":4,"Link":5,"Premium":6},true,{"Short":1,"Paragraph":2},true]`},
		{"component types", `ComponentType`, `{"ActionRow":1,"Button":2,"StringSelect":3,"InputText":4,"UserSelect":5,"RoleSelect":6,"MentionableSelect":7,"ChannelSelect":8,"Section":9,
			"TextDisplay":10,"Thumbnail":11,"MediaGallery":12,"File":13,"Separator":14,"Container":17,"Label":18,"FileUpload":19}`},
		{"message flags", `MessageFlags`, `{"CROSSPOSTED":1,"IS_CROSSPOST":2,"SUPPRESS_EMBEDS":4,"SOURCE_MESSAGE_DELETED":8,"URGENT":16,"HAS_THREAD":32,"EPHEMERAL":64,"LOADING":128,
			"FAILED_TO_MENTION_SOME_ROLES_IN_THREAD":256,"SUPPRESS_NOTIFICATIONS":4096,"IS_VOICE_MESSAGE":8192,"IS_COMPONENTS_V2":32768}`},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	for _, tt := range tests {
		before := len(r.Logs())
		run(t, r, "console.log(JSON.stringify("+tt.code+"))")
		sameJSON(t, tt.name, tt.want, r.Logs()[before].Text)
	}
}
