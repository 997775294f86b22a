package sdkbundle_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func TestSecretsAndVariables(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		console.log("at the top", secrets.get("KEY"), secrets.get("MODE"), secrets.get("NONE"), secrets.get("__proto__"), secrets.get("toString"));
		console.log(Deno.env.get("MODE"), Deno.env.get("KEY"), Deno.env.get("NONE"), Deno.env.get("constructor"), Deno.env.get("BOTH"), Deno.env.get("EMPTY"));
		console.log(Deno.env.has("MODE"), Deno.env.has("KEY"), Deno.env.has("EMPTY"), Deno.env.has("NONE"), Deno.env.has("toString"));
		const all = Deno.env.toObject();
		console.log(Object.keys(all).sort().join(), all.KEY, Object.getOwnPropertyDescriptor(all, "__proto__").value);
		all.MODE = "mine"; console.log(Deno.env.get("MODE"));
		for (const f of [() => Deno.env.set("A", "b"), () => Deno.env.delete("MODE"), () => Deno.env.get(5), () => Deno.env.has({ toString: () => "MODE" }), () => secrets.get()])
			try { f(); console.log("taken"); } catch (e) { console.log(e.name, e.message); }
		console.log(Object.getOwnPropertyNames(Deno.env).join(), typeof Deno.core, Object.getPrototypeOf(Deno) === Object.prototype);
		on("look", () => console.log("later", secrets.get("KEY"), Deno.env.get("MODE"), Deno.env.has("NEW")));`,
		isolatetest.Options{Env: isolate.Env{
			Vars:    map[string]string{"MODE": "ünïcode\n", "BOTH": "variable", "EMPTY": "", "__proto__": "odd"},
			Secrets: map[string]string{"KEY": "__FLORA_SECRET__:k", "BOTH": "__FLORA_SECRET__:b"},
		}})
	look := func() {
		t.Helper()
		if f := r.Dispatch("look", "{}"); f != nil {
			t.Errorf("a handler failed: %+v", f)
		}
	}
	look()
	r.SetEnv(isolate.Env{Vars: map[string]string{"NEW": "x"}, Secrets: map[string]string{"KEY": "__FLORA_SECRET__:new"}})
	look()
	want := []string{
		"at the top __FLORA_SECRET__:k undefined undefined undefined undefined",
		"ünïcode\n __FLORA_SECRET__:k undefined undefined __FLORA_SECRET__:b ",
		"true true true false false",
		"BOTH,EMPTY,KEY,MODE,__proto__ __FLORA_SECRET__:k odd",
		"ünïcode\n",
		"NotCapable Deno.env.set: a script cannot change its variables; set them with PUT /api/vars/{guild}/{name}, and keep what changes in a store",
		"NotCapable Deno.env.delete: a script cannot change its variables; set them with PUT /api/vars/{guild}/{name}, and keep what changes in a store",
		"TypeError Deno.env.get(name): name must be a string",
		"TypeError Deno.env.has(name): name must be a string",
		"TypeError secrets.get(name): name must be a string",
		"get,has,toObject,set,delete undefined true",
		"later __FLORA_SECRET__:k ünïcode\n false",
		"later __FLORA_SECRET__:new undefined true",
	}
	if diff := cmp.Diff(want, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
