package bundle

// MapStack replaces positions in a bundle by the author's, in this process: for
// bundles of whoever runs it. Child.MapStack is for those of strangers.
func MapStack(text, sourceMap string) (string, error) { return mapStack(text, sourceMap) }
