package chart_test

import (
	"slices"
	"strings"
	"testing"
)

// podSpec is that of a manifest that makes pods, or nil.
func podSpec(m manifest) map[string]any {
	path := []string{"spec", "template", "spec"}
	if m.kind() == "Pod" {
		path = []string{"spec"}
	}
	spec, _ := m.at(path...).(map[string]any)
	if spec["containers"] == nil {
		return nil
	}
	return spec
}

// list is a list of objects.
func list(v any) []map[string]any {
	all, _ := v.([]any)
	out := make([]map[string]any, len(all))
	for i, e := range all {
		out[i], _ = e.(map[string]any)
	}
	return out
}

func containers(spec map[string]any) []map[string]any {
	return slices.Concat(list(spec["initContainers"]), list(spec["containers"]), list(spec["ephemeralContainers"]))
}

// restricted are the controls of the Pod Security Standard of that name, and
// those of "baseline" that it includes, for pods on Linux. Each names what is
// wrong with a pod's spec.
var restricted = map[string]func(spec map[string]any) []string{
	"host namespaces": func(spec map[string]any) (bad []string) {
		for _, key := range []string{"hostNetwork", "hostPID", "hostIPC"} {
			if v, ok := spec[key]; ok && v != false {
				bad = append(bad, key)
			}
		}
		return bad
	},
	"host ports and probes of the host": func(spec map[string]any) (bad []string) {
		for _, c := range containers(spec) {
			for _, p := range list(c["ports"]) {
				if p["hostPort"] != nil {
					bad = append(bad, "hostPort")
				}
			}
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				if get, ok := object(c, probe)["httpGet"].(map[string]any); ok && get["host"] != nil {
					bad = append(bad, probe+".httpGet.host")
				}
			}
		}
		return bad
	},
	"privileged, escalation, capabilities, seccomp, users": func(spec map[string]any) (bad []string) {
		pod := object(spec, "securityContext")
		for _, c := range containers(spec) {
			s := object(c, "securityContext")
			if v, ok := s["privileged"]; ok && v != false {
				bad = append(bad, "privileged")
			}
			if s["allowPrivilegeEscalation"] != false {
				bad = append(bad, "allowPrivilegeEscalation")
			}
			caps := object(s, "capabilities")
			if drop, _ := caps["drop"].([]any); !slices.Contains(drop, any("ALL")) || caps["add"] != nil {
				bad = append(bad, "capabilities")
			}
			for _, key := range []string{"runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile", "seLinuxOptions", "procMount", "windowsOptions"} {
				v := s[key]
				if v == nil {
					v = pod[key]
				}
				if !allowed(key, v) {
					bad = append(bad, key)
				}
			}
		}
		if pod["sysctls"] != nil {
			bad = append(bad, "sysctls")
		}
		return bad
	},
	"volumes": func(spec map[string]any) (bad []string) {
		for _, v := range list(spec["volumes"]) {
			for kind := range v {
				if !slices.Contains([]string{"name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}, kind) {
					bad = append(bad, kind)
				}
			}
		}
		return bad
	},
	// What the standard does not ask for and the chart promises.
	"read-only root, no token": func(spec map[string]any) (bad []string) {
		for _, c := range containers(spec) {
			if object(c, "securityContext")["readOnlyRootFilesystem"] != true {
				bad = append(bad, "readOnlyRootFilesystem")
			}
		}
		if spec["automountServiceAccountToken"] != false {
			bad = append(bad, "automountServiceAccountToken")
		}
		if object(spec, "securityContext")["fsGroup"] == nil {
			bad = append(bad, "fsGroup")
		}
		return bad
	},
}

func allowed(key string, v any) bool {
	switch key {
	case "runAsNonRoot":
		return v == true
	case "runAsUser":
		n, ok := v.(float64)
		return ok && n > 0
	case "seccompProfile":
		kind := object(map[string]any{"of": v}, "of")["type"]
		return kind == "RuntimeDefault" || kind == "Localhost"
	}
	return v == nil
}

func object(o map[string]any, key string) map[string]any {
	v, _ := o[key].(map[string]any)
	return v
}

func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, all []manifest) {
		for _, m := range all {
			spec := podSpec(m)
			if spec == nil {
				continue
			}
			for name, control := range restricted {
				if bad := control(spec); len(bad) > 0 {
					t.Errorf("%s: %s: %s", m, name, strings.Join(bad, ", "))
				}
			}
		}
	})
}

// A control that takes everything would hold nothing.
func TestControlsRefuse(t *testing.T) {
	t.Parallel()
	files, err := render(t, cases(t)["minimal"])
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		control string
		spoil   func(spec, container map[string]any)
		want    string
	}{
		{"host namespaces", func(spec, _ map[string]any) { spec["hostPID"] = true }, "hostPID"},
		{"host ports and probes of the host", func(_, c map[string]any) { list(c["ports"])[0]["hostPort"] = 80 }, "hostPort"},
		{"host ports and probes of the host", func(_, c map[string]any) { object(object(c, "livenessProbe"), "httpGet")["host"] = "10.0.0.1" }, "livenessProbe.httpGet.host"},
		{"privileged, escalation, capabilities, seccomp, users", func(_, c map[string]any) { object(c, "securityContext")["privileged"] = true }, "privileged"},
		{"privileged, escalation, capabilities, seccomp, users", func(_, c map[string]any) { delete(object(c, "securityContext"), "allowPrivilegeEscalation") }, "allowPrivilegeEscalation"},
		{"privileged, escalation, capabilities, seccomp, users", func(_, c map[string]any) {
			object(object(c, "securityContext"), "capabilities")["add"] = []any{"NET_ADMIN"}
		}, "capabilities"},
		{"privileged, escalation, capabilities, seccomp, users", func(spec, _ map[string]any) { delete(object(spec, "securityContext"), "runAsNonRoot") }, "runAsNonRoot"},
		{"privileged, escalation, capabilities, seccomp, users", func(spec, _ map[string]any) { object(spec, "securityContext")["runAsUser"] = 0.0 }, "runAsUser"},
		{"privileged, escalation, capabilities, seccomp, users", func(spec, _ map[string]any) { delete(object(spec, "securityContext"), "seccompProfile") }, "seccompProfile"},
		{"volumes", func(spec, _ map[string]any) {
			spec["volumes"] = append(spec["volumes"].([]any), map[string]any{"name": "host", "hostPath": map[string]any{"path": "/"}})
		}, "hostPath"},
		{"read-only root, no token", func(_, c map[string]any) { delete(object(c, "securityContext"), "readOnlyRootFilesystem") }, "readOnlyRootFilesystem"},
		{"read-only root, no token", func(spec, _ map[string]any) { delete(spec, "automountServiceAccountToken") }, "automountServiceAccountToken"},
	} {
		for _, m := range manifests(t, files) {
			if m.kind() != "StatefulSet" {
				continue
			}
			spec := podSpec(m)
			row.spoil(spec, containers(spec)[0])
			if got := strings.Join(restricted[row.control](spec), ", "); got != row.want {
				t.Errorf("%s: got %q, want %q", row.control, got, row.want)
			}
		}
	}
}

// Whatever the values, no manifest has a credential in it.
func TestSecretsAreOnlyNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, all []manifest) {
		for _, m := range all {
			if m.kind() == "Secret" {
				t.Errorf("%s is made by the chart", m)
			}
			for _, c := range containers(podSpec(m)) {
				for _, e := range list(c["env"]) {
					if _, secret := secretValues[e["name"].(string)]; secret && (e["value"] != nil || object(object(e, "valueFrom"), "secretKeyRef")["name"] == nil) {
						t.Errorf("%s: %v", m, e)
					}
				}
			}
		}
	})
}
