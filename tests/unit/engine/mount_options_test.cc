#include "engine/mount_options.h"

#include <gmock/gmock.h>

#include <functional>

#include "base/error.h"

namespace minidock::options {
namespace {

using Type = MountRequest::Type;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.message();
  }
  return "no error";
}

std::string volume_error(const std::string& text) {
  return error_of([&] { parse_volume(text); });
}

std::string mount_error(const std::string& text) {
  return error_of([&] { parse_mount(text); });
}

std::string flag_error(const std::string& text, const std::string& why) {
  return "invalid argument \"" + text + "\" for \"--mount\" flag: " + why;
}

TEST(ParseVolume, Kinds) {
  EXPECT_EQ(parse_volume("/a/../b:/c/").type, Type::bind);
  EXPECT_EQ(parse_volume("/a/../b:/c/").source, "/b");
  EXPECT_EQ(parse_volume("/a/../b:/c/").destination, "/c");
  EXPECT_TRUE(parse_volume("/a:/c").create_source);
  EXPECT_EQ(parse_volume("data:/c").type, Type::volume);
  EXPECT_EQ(parse_volume("data:/c").source, "data");
  EXPECT_EQ(parse_volume("/c").source, "");
  EXPECT_EQ(parse_volume("/c").type, Type::volume);
  EXPECT_TRUE(parse_volume("./x:/c").source.ends_with("/x"));
  EXPECT_TRUE(parse_volume("./x:/c").source.starts_with("/"));
}

TEST(ParseVolume, Modes) {
  EXPECT_TRUE(parse_volume("/a:/b:ro,z,rslave,cached").read_only);
  EXPECT_EQ(parse_volume("/a:/b:ro,z,rslave,cached").propagation, "rslave");
  EXPECT_TRUE(parse_volume("data:/b:nocopy").no_copy);
  EXPECT_TRUE(parse_volume("/a:/b:U,idmap").chown);
  EXPECT_TRUE(parse_volume("/a:/b:U,idmap").idmap);
  EXPECT_TRUE(parse_volume("/a:/b:O").overlay);
  EXPECT_FALSE(parse_volume("/a:/b:").read_only);
  EXPECT_EQ(volume_mode("/a:/b:ro,z"), "ro,z");
  EXPECT_EQ(volume_mode("/a:/b"), "");
}

TEST(ParseVolume, DockersWordsForWrongOnes) {
  EXPECT_EQ(volume_error("a:b:c:d"), "invalid volume specification: 'a:b:c:d'");
  for (const char* modes : {"foo", "ro,rw", "ro,ro", "z,Z", "rprivate,rshared", "cached,delegated"}) {
    EXPECT_EQ(volume_error(std::string("/a:/b:") + modes), std::string("invalid mode: ") + modes);
  }
  EXPECT_EQ(volume_error("data:/x:rprivate"),
            "invalid volume specification: 'data:/x:rprivate': invalid mount config for type \"volume\": field "
            "BindOptions must not be specified");
  EXPECT_EQ(volume_error("/tmp:/x:nocopy"),
            "invalid volume specification: '/tmp:/x:nocopy': invalid mount config for type \"bind\": field "
            "VolumeOptions must not be specified");
  EXPECT_EQ(volume_error("/tmp:rel"),
            "invalid volume specification: '/tmp:rel': invalid mount config for type \"bind\": invalid mount path: "
            "'rel' mount path must be absolute");
  EXPECT_EQ(volume_error("/tmp:/"),
            "invalid volume specification: '/tmp:/': invalid mount config for type \"bind\": invalid specification: "
            "destination can't be '/'");
  EXPECT_EQ(volume_error("x:/x"),
            "create x: volume name is too short, names should be at least two alphanumeric characters");
  EXPECT_EQ(volume_error(":/x"), "invalid spec: :/x: empty section between colons");
}

TEST(ParseMount, EveryKey) {
  const MountRequest bind =
      parse_mount("type=bind,source=/a/,target=/b/,readonly,bind-propagation=slave,consistency=cached");
  EXPECT_EQ(bind.type, Type::bind);
  EXPECT_EQ(bind.source, "/a");
  EXPECT_EQ(bind.destination, "/b");
  EXPECT_TRUE(bind.read_only);
  EXPECT_EQ(bind.propagation, "slave");
  EXPECT_EQ(bind.text, "");
  const MountRequest volume = parse_mount(
      "src=data,dst=/x,ro=false,volume-nocopy=1,volume-label=a=b,volume-label=c,volume-opt=o=size=1m,"
      "volume-subpath=d/e,volume-driver=local");
  EXPECT_EQ(volume.type, Type::volume);
  EXPECT_FALSE(volume.read_only);
  EXPECT_TRUE(volume.no_copy);
  EXPECT_EQ(volume.labels, (std::map<std::string, std::string>{{"a", "b"}, {"c", ""}}));
  EXPECT_EQ(volume.driver_options, (std::map<std::string, std::string>{{"o", "size=1m"}}));
  EXPECT_EQ(volume.subpath, "d/e");
  const MountRequest tmpfs = parse_mount("type=tmpfs,destination=/x,tmpfs-size=1m,tmpfs-mode=1777");
  EXPECT_EQ(tmpfs.tmpfs_options, "size=1048576,mode=1777");
  EXPECT_TRUE(parse_mount("type=bind,src=/a,dst=/b,bind-nonrecursive").non_recursive);
  EXPECT_TRUE(parse_mount("type=bind,src=/a,dst=/b,ro,bind-recursive=writable").writable_submounts);
}

TEST(ParseMount, FieldsInQuotes) {
  EXPECT_EQ(parse_mount("type=bind,\"source=/a,b\",target=/x").source, "/a,b");
  EXPECT_EQ(
      mount_error("source=\"a\",target=/x"),
      "invalid argument \"source=\\\"a\\\",target=/x\" for \"--mount\" flag: parse error on line 1, column 8: bare "
      "\" in non-quoted-field");
  EXPECT_EQ(parse_mount("type=volume,\"volume-opt=o=a,\"\"b\"\"\",target=/x").driver_options.at("o"), "a,\"b\"");
}

TEST(ParseMount, DockersWordsOfTheCommandLine) {
  const auto expect = [](const std::string& text, const std::string& why) {
    EXPECT_EQ(mount_error(text), flag_error(text, why));
  };
  expect("type=bind", "target is required");
  expect("target=/x,foo=bar", "unexpected key 'foo' in 'foo=bar'");
  expect("target=/x,foo", "invalid field 'foo' must be a key=value pair");
  expect("type=bind,source=/tmp,target=/x,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'");
  expect("type=volume,target=/x,bind-propagation=shared", "cannot mix 'bind-*' options with mount type 'volume'");
  expect("type=volume,target=/x,tmpfs-size=1", "cannot mix 'tmpfs-*' options with mount type 'volume'");
  expect("target=/x,readonly=foo", "invalid value for readonly: foo");
  expect("type=tmpfs,target=/x,tmpfs-mode=99", "invalid value for tmpfs-mode: 99");
  expect("type=tmpfs,target=/x,tmpfs-size=foo", "invalid value for tmpfs-size: foo");
  expect("type=bind,src=/a,dst=/b,bind-recursive=x",
         "invalid value for bind-recursive: x (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")");
  expect("type=bind,src=/a,dst=/b,bind-recursive=readonly",
         "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
}

TEST(ParseMount, DockersWordsOfTheDaemon) {
  EXPECT_EQ(mount_error("type=bind,target=/x"),
            "invalid mount config for type \"bind\": field Source must not be empty");
  EXPECT_EQ(mount_error("type=bind,source=rel,target=/x"),
            "invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute");
  EXPECT_EQ(mount_error("type=foo,target=/x"), "invalid mount config for type \"foo\": mount type unknown");
  EXPECT_EQ(mount_error("type=tmpfs,target=/x,source=/y"),
            "invalid mount config for type \"tmpfs\": field Source must not be specified");
  EXPECT_EQ(mount_error("target=rel"),
            "invalid mount config for type \"volume\": invalid mount path: 'rel' mount path must be absolute");
  EXPECT_EQ(mount_error("target=/x,ro"),
            "invalid mount config for type \"volume\": must not set ReadOnly mode when using anonymous volumes");
  EXPECT_EQ(mount_error("type=bind,source=/tmp,target=/x,bind-propagation=foo"),
            "invalid mount config for type \"bind\": invalid propagation mode: foo");
}

TEST(ParseTmpfs, OptionsAndWords) {
  EXPECT_EQ(parse_tmpfs("/run:rw,size=64m,mode=1777,uid=1,noexec").tmpfs_options, "rw,size=64m,mode=1777,uid=1,noexec");
  EXPECT_EQ(parse_tmpfs("/run/:").destination, "/run");
  for (const char* option : {"foo", "size=foo", "mode=99", "gid=abc", "bind", "noswap", "shared"}) {
    EXPECT_EQ(error_of([&] { parse_tmpfs(std::string("/x:size=1m,") + option); }),
              std::string("invalid tmpfs option [\"") + option + "\"]");
  }
  EXPECT_EQ(error_of([] { parse_tmpfs("rel"); }), "invalid mount path: 'rel' mount path must be absolute");
  EXPECT_EQ(error_of([] { parse_tmpfs("/"); }), "invalid specification: destination can't be '/'");
}

TEST(ParseVolumesFrom, Modes) {
  EXPECT_EQ(parse_volumes_from("web").container, "web");
  EXPECT_FALSE(parse_volumes_from("web:rw").read_only);
  EXPECT_TRUE(parse_volumes_from("web:ro,z").read_only);
  EXPECT_EQ(error_of([] { parse_volumes_from("web:xx"); }), "invalid mode: xx");
  EXPECT_EQ(error_of([] { parse_volumes_from("web:nocopy"); }), "invalid mode: nocopy");
  EXPECT_EQ(error_of([] { parse_volumes_from(""); }), "volumes-from specification cannot be an empty string");
}

}  // namespace
}  // namespace minidock::options
