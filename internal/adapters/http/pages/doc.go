// Package pages makes the pages that people read, each in its reader's
// language.
//
// A page is a value that says what to show: a Home, a SignIn, an Error. Write
// renders it by the template of its type, around it the Chrome, and answers with
// it. The templates and their texts come from package templates. New parses and
// tries all of them, so that a broken template or a translation that is not
// whole fails the start and no request.
//
// What a person may see, and with which status, is decided by those who fill
// the values in. They name texts of ours by a Message; everything else is data,
// and is escaped.
//
// Beside the pages stand the files that they link to, and what is known of
// Entra's error numbers.
package pages
