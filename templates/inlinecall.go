package templates

import (
	"errors"
	"fmt"
	"html"
	"text/template/parse"
)

// msgCall returns the call of msg or msgbdi that is the whole of action.
func msgCall(action *parse.ActionNode) *parse.CommandNode {
	if len(action.Pipe.Decl) != 0 || len(action.Pipe.Cmds) != 1 {
		return nil
	}
	call := action.Pipe.Cmds[0]
	name, ok := call.Args[0].(*parse.IdentifierNode)
	if !ok || name.Ident != inlineMsg && name.Ident != inlineMsgBDI {
		return nil
	}
	return call
}

// inlineCall returns the text of a call of msg as template nodes.
func (c *catalogue) inlineCall(action *parse.ActionNode, call *parse.CommandNode) ([]parse.Node, error) {
	key, values, err := msgArguments(call.Args[1:])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	p, ok := c.phrases[Message(key)]
	if !ok {
		return nil, fmt.Errorf("%s: there is no such message", call)
	}
	if len(values) != len(p.placeholders()) {
		return nil, fmt.Errorf("%s: the message has the placeholders %v", call, p.placeholders())
	}
	open, end := "", ""
	if call.Args[0].(*parse.IdentifierNode).Ident == inlineMsgBDI { // msgCall has looked
		open, end = "<bdi>", "</bdi>"
	}
	nodes := []parse.Node{textNode(action.Pos, html.EscapeString(p.texts[0]))}
	for i, name := range p.names {
		value, ok := values[name]
		if !ok {
			return nil, fmt.Errorf("%s: no value for {%s}", call, name)
		}
		nodes = append(nodes, textNode(action.Pos, open), valueAction(action, value),
			textNode(action.Pos, end+html.EscapeString(p.texts[i+1])))
	}
	return nodes, nil
}

// msgArguments takes the arguments of msg apart: the key, and pairs of a name
// and a value.
func msgArguments(args []parse.Node) (key string, values map[string]parse.Node, err error) {
	if len(args)%2 != 1 {
		return "", nil, errors.New("needs a key, and a value for each name")
	}
	values = map[string]parse.Node{}
	for i, arg := range args {
		text, isText := arg.(*parse.StringNode)
		switch {
		case i > 0 && i%2 == 0:
			values[args[i-1].(*parse.StringNode).Text] = arg // the round before has looked
		case !isText:
			return "", nil, errors.New("the key and the names must be constant strings")
		case i == 0:
			key = text.Text
		}
	}
	return key, values, nil
}

// valueAction is an action that writes value where the whole message stood.
func valueAction(action *parse.ActionNode, value parse.Node) *parse.ActionNode {
	a := action.Copy().(*parse.ActionNode)
	a.Pipe.Cmds[0].Args = []parse.Node{value}
	return a
}

func textNode(pos parse.Pos, text string) *parse.TextNode {
	return &parse.TextNode{NodeType: parse.NodeText, Pos: pos, Text: []byte(text)}
}
