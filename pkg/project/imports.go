package project

// denoImports adds what deno.json or deno.jsonc say.
func (p *Project) denoImports() error { return nil }
