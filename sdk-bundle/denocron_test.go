package sdkbundle_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// TestDenoCronSchedules holds what Deno.cron registers to what pkg/cron reads.
func TestDenoCronSchedules(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]string{
		`"*/5 * * * *"`:                      "*/5 * * * *",
		`" 0  9 * JAN-MAR mon "`:             "0 9 * JAN-MAR MON",
		`"0 9 * * 1"`:                        "0 9 * * 0",
		`"0 9 * * 7"`:                        "0 9 * * 6",
		`"0 9 * * 2-6"`:                      "0 9 * * 1-5",
		`"0 9 * * 1,3,7"`:                    "0 9 * * 0,2,6",
		`"0 9 * * 2-6/2"`:                    "0 9 * * 1-5/2",
		`"0 9 * * */2"`:                      "0 9 * * */2",
		`"0 9 * * 6#2"`:                      "0 9 * * 5#2",
		`"0 9 * * 6L"`:                       "0 9 * * 5L",
		`"0 9 L * *"`:                        "0 9 L * *",
		`"0 9 15W * *"`:                      "0 9 15W * *",
		`"0 9 1 * 0"`:                        "TypeError Deno.cron(name, schedule, options?, handler): weekdays are 1 (Sunday) to 7 (Saturday), or SUN to SAT; 0 is none",
		`"0 9 1 * 8"`:                        "TypeError Deno.cron(name, schedule, options?, handler): weekdays are 1 (Sunday) to 7 (Saturday), or SUN to SAT; 8 is none",
		`"* * * * * *"`:                      "TypeError Deno.cron(name, schedule, options?, handler): a schedule has five fields: minute, hour, day of month, month and day of week; this one has 6",
		`"@daily"`:                           "TypeError Deno.cron(name, schedule, options?, handler): a schedule has five fields: minute, hour, day of month, month and day of week; this one has 1",
		`""`:                                 "TypeError Deno.cron(name, schedule, options?, handler): a schedule has five fields: minute, hour, day of month, month and day of week; this one has 0",
		`5`:                                  "TypeError Deno.cron(name, schedule, options?, handler): schedule must be a text of five fields or an object",
		`undefined`:                          "TypeError Deno.cron(name, schedule, options?, handler): schedule must be a text of five fields or an object",
		`{}`:                                 "* * * * *",
		`{ minute: 5 }`:                      "5 * * * *",
		`{ minute: { every: 6 } }`:           "*/6 * * * *",
		`{ minute: { start: 3 } }`:           "3/1 * * * *",
		`{ minute: { start: 3, every: 5 } }`: "3/5 * * * *",
		`{ minute: { start: 3, end: 9 } }`:   "3-9 * * * *",
		`{ minute: { start: 3, end: 9, every: 2 } }`:                  "3-9/2 * * * *",
		`{ hour: { every: 2 } }`:                                      "0 */2 * * *",
		`{ hour: { exact: [3, 12] } }`:                                "0 3,12 * * *",
		`{ hour: { exact: 3 } }`:                                      "0 3 * * *",
		`{ dayOfMonth: 15 }`:                                          "0 0 15 * *",
		`{ dayOfWeek: { exact: [1, 7] } }`:                            "0 0 * * 0,6",
		`{ dayOfWeek: { start: 2, end: 6 } }`:                         "0 0 * * 1-5",
		`{ month: 6 }`:                                                "0 0 1 6 *",
		`{ month: { every: 3 }, dayOfMonth: 2, hour: 4, minute: 30 }`: "30 4 2 */3 *",
		`{ minute: { end: 9 } }`:                                      "TypeError Deno.cron(name, schedule, options?, handler): minute needs exact, start or every",
		`{ minute: { exact: [] } }`:                                   "TypeError Deno.cron(name, schedule, options?, handler): minute.exact is empty",
		`{ minute: 1.5 }`:                                             "TypeError Deno.cron(name, schedule, options?, handler): minute must be a whole number",
		`{ hour: "3" }`:                                               "TypeError Deno.cron(name, schedule, options?, handler): hour must be a number, { exact } or { start, end, every }",
	} {
		t.Run(schedule, func(t *testing.T) {
			t.Parallel()
			r := isolatetest.Load(t, `try { Deno.cron("job", `+schedule+`, () => {}); } catch (e) { console.log(e.name, e.message); }`, isolatetest.Options{})
			if lines := logs(r); len(lines) > 0 {
				if lines[0] != want {
					t.Errorf("got %s, want %s", lines[0], want)
				}
				return
			}
			for _, d := range r.Declared() {
				text, isJob := strings.CutPrefix(d, "cron ")
				if !isJob {
					continue
				}
				var job struct{ Expr string }
				if err := json.Unmarshal([]byte(text), &job); err != nil {
					t.Fatal(err)
				}
				if job.Expr != want {
					t.Errorf("got %s, want %s", job.Expr, want)
				}
				if _, err := cron.Parse(job.Expr); err != nil {
					t.Error(err)
				}
				return
			}
			t.Errorf("nothing was registered: %q", r.Declared())
		})
	}
}

func TestDenoCron(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `
		const tell = (f) => { try { f(); console.log("taken"); } catch (e) { console.log(e.name, e.message.replace("Deno.cron(name, schedule, options?, handler): ", "")); } };
		const every = "* * * * *", f = () => {};
		for (const args of [[], ["", every, f], ["x".repeat(65), every, f], ["a/b", every, f], ["é", every, f], ["x", every], ["x", every, {}], ["x", every, f, f], ["x", every, 5, f],
			["x", every, { backoffSchedule: 5 }, f], ["x", every, { backoffSchedule: [1, 2, 3, 4, 5, 6] }, f], ["x", every, { backoffSchedule: [3600001] }, f], ["x", every, { backoffSchedule: [-1] }, f], ["x", every, { signal: {} }, f]])
			tell(() => Deno.cron(...args));
		let n = 0;
		Deno.cron("a job_of-mine 1", every, function (...args) { console.log("ran", args.length, this === undefined); if (++n > 1) throw new Error("no"); });
		Deno.cron("tried once", every, { backoffSchedule: [] }, f);
		tell(() => Deno.cron("tried once", every, f));
		cron("taken", every, f);
		tell(() => Deno.cron("taken", every, f));
		const stop = new AbortController();
		Deno.cron("ends", every, { signal: stop.signal, backoffSchedule: [10] }, () => console.log("must not run")).then((v) => console.log("ended", v));
		Deno.cron("never was", every, { signal: AbortSignal.abort() }, f).then(() => console.log("ended at once"));
		on("stop", () => { stop.abort(); tell(() => Deno.cron("late", every, f)); });`, isolatetest.Options{})
	if f := r.Dispatch("__cron:a job_of-mine 1", `{}`); f != nil {
		t.Error(f.Text)
	}
	if f := r.Dispatch("__cron:a job_of-mine 1", `{}`); f == nil || f.Message != "no" {
		t.Errorf("got %+v", f)
	}
	for _, event := range []string{"stop", "__cron:ends"} {
		if f := r.Dispatch(event, `{}`); f != nil {
			t.Error(f.Text)
		}
	}
	want := []string{
		"TypeError name must be a text that is not empty", "TypeError name must be a text that is not empty", "TypeError the name has at most 64 characters, this one has 65",
		"TypeError a name has letters, digits, spaces, hyphens and underscores only", "TypeError a name has letters, digits, spaces, hyphens and underscores only",
		"TypeError handler must be a function", "TypeError handler must be a function", "TypeError there are two handlers", "TypeError options must be an object",
		"TypeError backoffSchedule must be an array of at most 5 milliseconds", "TypeError backoffSchedule must be an array of at most 5 milliseconds",
		"TypeError each of backoffSchedule is a whole number of milliseconds from 0 to 3600000", "TypeError each of backoffSchedule is a whole number of milliseconds from 0 to 3600000",
		"TypeError signal must be an AbortSignal", "TypeError there is a job named tried once already", "taken",
		"ended at once", "ran 0 true", "ran 0 true", "Error call it at the top level, so that the script's jobs are known when it has loaded", "ended undefined",
	}
	// The tests' host takes every name; a worker's does not.
	if diff := cmp.Diff(want, logs(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var jobs []string
	for _, d := range r.Declared() {
		if strings.HasPrefix(d, "cron") {
			jobs = append(jobs, d)
		}
	}
	wantJobs := []string{
		`cron {"name":"a job_of-mine 1","expr":"* * * * *","skipIfRunning":true,"backoff":[100,1000,5000,30000,60000]}`,
		`cron {"name":"tried once","expr":"* * * * *","skipIfRunning":true,"backoff":[]}`,
		`cron {"name":"taken","expr":"* * * * *","skipIfRunning":false}`,
		`cron {"name":"taken","expr":"* * * * *","skipIfRunning":true,"backoff":[100,1000,5000,30000,60000]}`,
		`cron {"name":"ends","expr":"* * * * *","skipIfRunning":true,"backoff":[10]}`,
		`cronend ends`,
	}
	if diff := cmp.Diff(wantJobs, jobs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
