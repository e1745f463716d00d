package templates

import (
	"errors"
	"html/template"
	"text/template/parse"
)

// The templates say {{msg "key"}} where a text belongs, and
// {{msg "key" "name" .Value}} where it has a placeholder {name}; {{msgbdi …}}
// isolates the values' direction with <bdi>. Both are replaced when a template
// is parsed for a language: the text becomes part of the template, and the
// value an action of its own, which html/template escapes as ever.
const (
	inlineMsg    = "msg"
	inlineMsgBDI = "msgbdi"
)

// funcs are the functions that the templates of this language may use.
func (c *catalogue) funcs() template.FuncMap {
	misplaced := func(string, ...any) (string, error) {
		return "", errors.New("msg must stand alone in its action")
	}
	return template.FuncMap{
		inlineMsg: misplaced, inlineMsgBDI: misplaced,
		"text":     func(m Message) string { return c.text(m) },
		"date":     c.date,
		"distance": c.distance,
	}
}

// inline puts the texts into list, and into all that is nested in it.
func (c *catalogue) inline(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	var nodes []parse.Node
	for _, node := range list.Nodes {
		replaced, err := c.inlineNode(node)
		if err != nil {
			return err
		}
		for _, node := range replaced {
			nodes = appendMerged(nodes, node)
		}
	}
	list.Nodes = nodes
	return nil
}

// appendMerged appends node, or its text to the text before: fewer nodes make
// a faster page.
func appendMerged(nodes []parse.Node, node parse.Node) []parse.Node {
	text, isText := node.(*parse.TextNode)
	if !isText || len(nodes) == 0 {
		return append(nodes, node)
	}
	last, isText := nodes[len(nodes)-1].(*parse.TextNode)
	if !isText {
		return append(nodes, node)
	}
	nodes[len(nodes)-1] = textNode(last.Pos, string(last.Text)+string(text.Text))
	return nodes
}

// inlineNode returns what stands in node's place.
func (c *catalogue) inlineNode(node parse.Node) ([]parse.Node, error) {
	var branch *parse.BranchNode
	switch n := node.(type) {
	case *parse.ActionNode:
		if call := msgCall(n); call != nil {
			return c.inlineCall(n, call)
		}
		return []parse.Node{node}, nil
	case *parse.IfNode:
		branch = &n.BranchNode
	case *parse.WithNode:
		branch = &n.BranchNode
	case *parse.RangeNode:
		branch = &n.BranchNode
	default:
		return []parse.Node{node}, nil
	}
	return []parse.Node{node}, errors.Join(c.inline(branch.List), c.inline(branch.ElseList))
}
