#include "base/gotemplate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock::gotemplate {
namespace {

const OrderedJson& container() {
  static const OrderedJson data = OrderedJson::parse(R"json({
    "ID": "abc", "Args": ["-c", "echo <hi>"], "Count": 3, "Big": 1000000.0, "Ratio": 0.5, "Nothing": null, "Empty": [],
    "State": {"Running": true, "Pid": 42, "Status": "running"},
    "Config": {"Labels": {"a.b": "1", "zz": "&<>"}, "Env": null},
    "Mounts": [{"Source": "/a"}, {"Source": "/b"}],
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]},
                        "Networks": {"second": {"IPAddress": "10.0.0.2"}, "first": {"IPAddress": "10.0.0.1"}}}})json");
  return data;
}

std::string render(std::string_view text, const Options& options = {}) {
  try {
    return Template::parse(text).execute(container(), options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.message();
  }
}

struct Case {
  const char* text;
  const char* expected;
};

class Renders : public testing::TestWithParam<Case> {};
TEST_P(Renders, AsGo) { EXPECT_EQ(render(GetParam().text), GetParam().expected) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(
    DockerInspect, Renders,
    testing::Values(Case{"{{.State.Pid}}", "42"},
                    Case{"{{json .State}}", R"({"Running":true,"Pid":42,"Status":"running"})"},
                    Case{"{{json .Args}}", R"(["-c","echo <hi>"])"},
                    Case{"{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{$v.IPAddress}}{{println}}{{end}}",
                         "first 10.0.0.1\nsecond 10.0.0.2\n"},
                    Case{"{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", "10.0.0.1 10.0.0.2 "},
                    Case{"{{index .Config.Labels \"a.b\"}}", "1"}, Case{"[{{index .Config.Labels \"none\"}}]", "[]"},
                    Case{"{{.Config.Labels.none}}", "<no value>"},
                    Case{"{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", "8080"},
                    Case{"{{index .NetworkSettings.Ports \"80/tcp\" 0 \"HostIp\"}}", "0.0.0.0"},
                    Case{"{{if .State.Running}}up{{else}}down{{end}}", "up"},
                    Case{"{{if .Nothing}}a{{else if .Count}}b{{else}}c{{end}}", "b"}, Case{"{{len .Mounts}}", "2"},
                    Case{"{{join .Args \" \"}}", "-c echo <hi>"}, Case{"{{.ID}}\t{{.Count}}", "abc\t3"}));

INSTANTIATE_TEST_SUITE_P(
    Printing, Renders,
    testing::Values(Case{"{{.Config.Labels}}", "map[a.b:1 zz:&<>]"}, Case{"{{.Args}}", "[-c echo <hi>]"},
                    Case{"{{.Nothing}}", "<no value>"}, Case{"{{print .Nothing}}", "<nil>"}, Case{"{{.Big}}", "1e+06"},
                    Case{"{{.Ratio}}", "0.5"}, Case{"{{.State.Running}}", "true"},
                    Case{"{{print 1 2 \"a\" 3 4}}", "1 2a3 4"}, Case{"{{println 1 \"a\"}}", "1 a\n"},
                    Case{"{{printf \"%s %d %q %v %t %x\" .ID 5 \"a\\\"b\" .Args true 255}}",
                         "abc 5 \"a\\\"b\" [-c echo <hi>] true ff"},
                    Case{"{{printf \"%-5s|%5s|%05d|%.2f|%+d\" \"a\" \"b\" 7 1.5 3}}", "a    |    b|00007|1.50|+3"},
                    Case{"{{printf \"%d\" \"x\"}}", "%!d(string=x)"}, Case{"{{printf \"%d\"}}", "%!d(MISSING)"},
                    Case{"{{printf \"a\" 1}}", "a%!(EXTRA int=1)"}, Case{"{{printf \"%s\" 3}}", "%!s(int=3)"},
                    Case{"{{printf \"%*d\" 4 7}}", "   7"}, Case{"{{.ID | printf \"%s-%s\" \"x\"}}", "x-abc"}));

INSTANTIATE_TEST_SUITE_P(
    Functions, Renders,
    testing::Values(Case{"{{upper .ID}} {{lower \"AB\"}} {{title \"a bc\"}}", "ABC ab A Bc"},
                    Case{"{{split \"a,b\" \",\"}}", "[a b]"}, Case{"{{split \"/a\" \"/\"}}", "[ a]"},
                    Case{"[{{pad .ID 1 2}}]", "[ abc  ]"}, Case{"{{truncate .ID 2}}{{truncate .ID 9}}", "ababc"},
                    Case{"{{slice .ID 1}} {{slice .ID 0 2}} {{slice .Args 1}}", "bc ab [echo <hi>]"},
                    Case{"{{eq .Count 1 3}} {{ne .ID \"x\"}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 2}}",
                         "true true true true false true"},
                    Case{"{{and 1 0 .Nope}} {{or 0 \"x\" .Nope}} {{not 0}}", "0 x true"},
                    Case{"{{html \"<a>&'\"}} {{js \"'<\"}} {{urlquery \"a b&\"}}",
                         "&lt;a&gt;&amp;&#39; \\'\\u003C a+b%26"},
                    Case{"{{len .ID}} {{len .Nothing}}", "3 0"}, Case{"{{json \"<\"}}", "\"<\""}));

INSTANTIATE_TEST_SUITE_P(
    Syntax, Renders,
    testing::Values(Case{"a  {{- 1 -}}  b", "a1b"}, Case{"a{{/* no */}}b", "ab"}, Case{"a {{- /* no */ -}} b", "ab"},
                    Case{"{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"},
                    Case{"{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"},
                    Case{"{{with .State}}{{.Pid}} {{$.ID}}{{end}}", "42 abc"},
                    Case{"{{with .Nothing}}a{{else}}b{{end}}", "b"},
                    Case{"{{range $i, $e := .Args}}{{if $i}},{{end}}{{$e}}{{end}}", "-c,echo <hi>"},
                    Case{"{{range .Empty}}x{{else}}none{{end}}", "none"},
                    Case{"{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}", "02"},
                    Case{"{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .ID}}", "<abc>"},
                    Case{"{{block \"b\" .ID}}[{{.}}]{{end}}", "[abc]"},
                    Case{"{{`raw`}} {{'a'}} {{0x10}} {{1_000}} {{-3}} {{true}}", "raw 97 16 1000 -3 true"},
                    Case{"{{(len .Args) | printf \"%03d\"}}", "002"},
                    Case{"{{with $x := .State}}{{$x.Pid}}{{end}}", "42"}));

INSTANTIATE_TEST_SUITE_P(
    Errors, Renders,
    testing::Values(
        Case{"{{.Foo}}",
             "template parsing error: template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\""},
        Case{"{{.State.Health.Status}}",
             "template parsing error: template: :1:8: executing \"\" at <.State.Health.Status>: map has no entry for "
             "key \"Health\""},
        Case{"x\n {{.Nothing.A}}",
             "template parsing error: template: :2:11: executing \"\" at <.Nothing.A>: nil pointer evaluating "
             "interface {}.A"},
        Case{"{{index .Args 7}}",
             "template parsing error: template: :1:2: executing \"\" at <index .Args 7>: error calling index: index "
             "out of range: 7"},
        Case{"{{upper 5}}",
             "template parsing error: template: :1:2: executing \"\" at <upper 5>: wrong type for value; expected "
             "string; got int"},
        Case{"{{foo}}", "template parsing error: template: :1: function \"foo\" not defined"},
        Case{"a\n{{.ID", "template parsing error: template: :2: unclosed action"},
        Case{"{{if .ID}}", "template parsing error: template: :1: unexpected EOF"},
        Case{"{{end}}", "template parsing error: template: :1: unexpected {{end}}"},
        Case{"{{$x}}", "template parsing error: template: :1: undefined variable \"$x\""},
        Case{"{{}}", "template parsing error: template: :1: missing value for command"},
        Case{"{{break}}", "template parsing error: template: :1: {{break}} outside {{range}}"},
        Case{"{{template \"none\"}}", "template parsing error: template: :1: template \"none\" not defined"},
        Case{"{{\"a}}", "template parsing error: template: :1: unterminated quoted string"}));

TEST(Template, DotOutlivesNewVariables) {
  EXPECT_EQ(render("{{$a := .ID}}{{$b := .ID}}{{$c := .ID}}{{$d := .ID}}{{.Count}}"), "3");
}

TEST(Template, FieldsOfStructsPrintAsGoDoes) {
  const Options options{.fields = {{"State", Kind::structure, "Status Health Started"},
                                   {"State.Health", Kind::pointer},
                                   {"State.Started", Kind::text},
                                   {"Nothing", Kind::slice},
                                   {"Config.Labels", Kind::structure, "a"},
                                   {"Config.Volumes", Kind::map},
                                   {"Config.Timeout", Kind::duration}}};
  EXPECT_EQ(render("{{if .State.Health}}a{{else}}b{{end}}{{.State.Health}}", options), "b<nil>");
  EXPECT_EQ(render("{{.Nothing}}{{json .Nothing}} {{.Config.Volumes}} {{.Config.Timeout}}", options),
            "[]null map[] 0s");
  EXPECT_EQ(render("{{with .Config}}{{print .Volumes}}{{printf \"%5s|%d\" .Timeout .Timeout}}{{end}}", options),
            "map[]   0s|0");
  EXPECT_THAT(render("{{.State.Health.Status}}", options), testing::EndsWith("map has no entry for key \"Health\""));
}

TEST(Template, BombsEndInErrors) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "{{if 1}}";
  std::string parens = "{{" + std::string(5000, '(') + "1" + std::string(5000, ')') + "}}";
  const std::string bombs[] = {
      deep,
      parens,
      "{{define \"t\"}}{{template \"t\" .}}{{end}}{{template \"t\" .}}",
      "{{range 9000000000000}}{{end}}",
      "{{$x := \"aaaaaaaa\"}}{{range 100}}{{$x = print $x $x}}{{end}}",
      "{{range 100000}}{{printf \"%1000000d\" 1}}{{end}}",
      "{{pad \"x\" 9223372036854775807 9223372036854775807}}",
      "{{printf \"%99999999999d\" 1 | len}}{{.Nope}}",
      std::string(2 * 1024 * 1024, 'x'),
  };
  for (const std::string& bomb : bombs) {
    EXPECT_TRUE(render(bomb).starts_with("template parsing error: ")) << bomb.substr(0, 60);
  }
}

}  // namespace
}  // namespace minidock::gotemplate
