package bundle

// MapStack replaces positions in a bundle by the author's, in this process: for
// bundles of whoever runs it. Child.MapStacks is for those of strangers.
func MapStack(text, sourceMap string) (string, error) {
	out, err := mapStacks([]Stack{{Text: text}}, sourceMap)
	if err != nil {
		return "", err
	}
	return out[0], nil
}
