#include "engine/shim/protocol.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/syscall.h"

namespace minidock::shim {
namespace {

using What = FrameReader::What;

struct Channel {
  SocketPair pair = sys::socketpair(SOCK_STREAM);
  FrameReader reader;
  std::array<char, kMaxFramePayload> space{};

  void write(FrameType type, std::string_view payload) {
    const auto header = frame_header(type, payload.size());
    write_raw({header.data(), header.size()});
    write_raw(payload);
  }
  void write_raw(std::string_view bytes) { sys::write_all(pair.theirs.get(), bytes); }
  FrameReader::Piece next() { return reader.receive(pair.ours.get(), space); }
};

TEST(Frames, HeaderIsTypeAndBigEndianLength) {
  const auto header = frame_header(FrameType::stderr_data, 0x01020304);
  EXPECT_EQ(std::string(header.begin(), header.end()), std::string("\x02\x01\x02\x03\x04", 5));
}

TEST(Frames, ArriveInOrderWithTheirPayload) {
  Channel channel;
  channel.write(FrameType::stdout_data, "hello");
  channel.write(FrameType::stdin_end, "");
  channel.write(FrameType::resize, encode_window_size(24, 300));
  channel.write(FrameType::exit_code, encode_exit_code(137));
  FrameReader::Piece piece = channel.next();
  EXPECT_EQ(piece.type, FrameType::stdout_data);
  EXPECT_EQ(piece.data, "hello");
  piece = channel.next();
  EXPECT_EQ(piece.what, What::data);
  EXPECT_EQ(piece.type, FrameType::stdin_end);
  piece = channel.next();
  EXPECT_EQ(piece.type, FrameType::resize);
  EXPECT_EQ(decode_window_size(piece.data), (std::pair<std::uint16_t, std::uint16_t>(24, 300)));
  piece = channel.next();
  EXPECT_EQ(piece.type, FrameType::exit_code);
  EXPECT_EQ(decode_exit_code(piece.data), 137);
  EXPECT_EQ(channel.next().what, What::nothing_yet);
  channel.pair.theirs.reset();
  EXPECT_EQ(channel.next().what, What::end_of_file);
}

TEST(Frames, MayArriveByteByByte) {
  Channel channel;
  std::string bytes;
  for (const auto& [type, payload] :
       {std::pair<FrameType, std::string>(FrameType::stdin_data, "ab"), {FrameType::exit_code, encode_exit_code(-1)}}) {
    const auto header = frame_header(type, payload.size());
    bytes.append(header.begin(), header.end());
    bytes += payload;
  }
  std::string data;
  int code = 0;
  for (const char byte : bytes) {
    channel.write_raw({&byte, 1});
    const FrameReader::Piece piece = channel.next();
    if (piece.what != What::data) continue;
    if (piece.type == FrameType::stdin_data) data += piece.data;
    if (piece.type == FrameType::exit_code) code = decode_exit_code(piece.data);
  }
  EXPECT_EQ(data, "ab");
  EXPECT_EQ(code, -1);
}

TEST(Frames, PayloadComesInPiecesOfTheCallersSpace) {
  Channel channel;
  channel.write(FrameType::stdout_data, "abcdef");
  EXPECT_EQ(channel.reader.receive(channel.pair.ours.get(), std::span(channel.space).first(4)).data, "abcd");
  EXPECT_EQ(channel.next().data, "ef");
  EXPECT_EQ(channel.next().what, What::nothing_yet);
}

TEST(Frames, WithoutSpaceStreamDataStaysOnTheChannel) {
  Channel channel;
  channel.write(FrameType::stdout_data, "abcdef");
  channel.write(FrameType::stdin_end, "");
  const FrameReader::Piece piece = channel.reader.receive(channel.pair.ours.get(), {});
  EXPECT_EQ(piece.what, What::data);
  EXPECT_EQ(piece.type, FrameType::stdout_data);
  EXPECT_EQ(channel.reader.payload_left(), 6U);
  std::array<char, 4> taken{};
  EXPECT_EQ(::read(channel.pair.ours.get(), taken.data(), taken.size()), 4);
  channel.reader.payload_taken(4);
  EXPECT_EQ(channel.next().data, "ef");
  EXPECT_EQ(channel.reader.payload_left(), 0U);
  EXPECT_EQ(channel.reader.receive(channel.pair.ours.get(), {}).type, FrameType::stdin_end);
}

TEST(Frames, UnknownTypesAndWrongLengthsAreRefused) {
  const std::vector<std::string> hostile = {
      std::string("\x06\0\0\0\0", 5),                                            // no such type
      std::string("\x01\0\x10\0\x01", 5),                                        // 1 MiB and one
      std::string("\x01\xff\xff\xff\xff", 5), std::string("\x03\0\0\0\x01", 5),  // stdin_end with payload
      std::string("\x04\0\0\0\x05", 5),                                          // resize with five bytes
      std::string("\x05\0\0\0\0", 5),                                            // exit code without
  };
  for (const std::string& bytes : hostile) {
    Channel channel;
    channel.write_raw(bytes);
    EXPECT_THROW(channel.next(), Error) << static_cast<int>(bytes[0]);
  }
}

TEST(StartChannel, TheLastWordsOfAPeerThatHadNotReadEverythingArrive) {
  SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
  send(pair.ours.get(), NetworkReady{});
  send(pair.theirs.get(), Failed{ErrorKind::unavailable, 0, "the reason"});
  pair.theirs.reset();
  const std::optional<StartMessage> message = receive(pair.ours.get());
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Failed>(*message).message, "the reason");
  EXPECT_FALSE(receive(pair.ours.get()));
}

TEST(StartChannel, EveryMessageSurvives) {
  const SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
  RunningState state;
  state.shim = {11, 22};
  state.init = {33, 44};
  state.started_at = 55;
  state.restart_count = 3;
  ExitRecord record;
  record.exit_code = 137;
  record.oom_killed = true;
  record.started_at = 1;
  record.finished_at = 2;
  record.error = "why";
  std::vector<StartMessage> messages;
  messages.emplace_back(Created{sys::open("/proc/self/ns/net", O_RDONLY)});
  messages.emplace_back(NetworkReady{});
  messages.emplace_back(Started{state});
  messages.emplace_back(Failed{ErrorKind::command_not_found, ENOENT, "no \xff such"});
  messages.emplace_back(Exited{record, true});
  messages.emplace_back(Removing{});
  for (const StartMessage& message : messages) send(pair.ours.get(), message);
  struct stat ours {};
  struct stat theirs {};
  ASSERT_EQ(stat("/proc/self/ns/net", &ours), 0);
  ASSERT_EQ(fstat(std::get<Created>(*receive(pair.theirs.get())).netns.get(), &theirs), 0);
  EXPECT_EQ(theirs.st_ino, ours.st_ino);
  EXPECT_TRUE(std::holds_alternative<NetworkReady>(*receive(pair.theirs.get())));
  const RunningState got = std::get<Started>(*receive(pair.theirs.get())).state;
  EXPECT_EQ(got.shim, state.shim);
  EXPECT_EQ(got.init, state.init);
  EXPECT_EQ(got.started_at, 55);
  const Failed failed = std::get<Failed>(*receive(pair.theirs.get()));
  EXPECT_EQ(failed.kind, ErrorKind::command_not_found);
  EXPECT_EQ(failed.error_number, ENOENT);
  EXPECT_EQ(failed.message, "no \xef\xbf\xbd such");
  const Exited exited = std::get<Exited>(*receive(pair.theirs.get()));
  EXPECT_TRUE(exited.restarting);
  EXPECT_EQ(exited.record.exit_code, 137);
  EXPECT_TRUE(exited.record.oom_killed);
  EXPECT_EQ(exited.record.started_at, 1);
  EXPECT_EQ(exited.record.finished_at, 2);
  EXPECT_EQ(exited.record.error, "why");
  EXPECT_TRUE(std::holds_alternative<Removing>(*receive(pair.theirs.get())));
}

TEST(StartChannel, AnAssignmentBringsAllDescriptors) {
  constexpr int kKept = 101;
  SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
  std::thread sender([&] {
    std::vector<Fd> kept;
    for (int i = 0; i < kKept; ++i) kept.push_back(sys::open("/dev/null", O_RDONLY));
    const Fd attach = sys::open("/dev/zero", O_RDONLY);
    const std::string directories[] = {"/var/lib/c", "/var/lib/d"};
    send_assignment(pair.ours.get(),
                    {.container_dir = directories[0], .attach = attach.get(), .kept = kept, .preserved = 2});
    send_assignment(pair.ours.get(), {.container_dir = directories[1], .kept = {}});
    pair.ours.reset();
  });
  const std::optional<Assignment> first = receive_assignment(pair.theirs.get());
  const std::optional<Assignment> second = receive_assignment(pair.theirs.get());
  EXPECT_FALSE(receive_assignment(pair.theirs.get()));
  sender.join();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->container_dir, "/var/lib/c");
  EXPECT_EQ(first->preserved, 2);
  EXPECT_EQ(second->preserved, 0);
  EXPECT_EQ(first->kept.size(), kKept);
  EXPECT_EQ(sys::fstat(first->attach.get()).st_rdev, sys::fstatat(AT_FDCWD, "/dev/zero", 0).st_rdev);
  for (const Fd& fd : first->kept) {
    EXPECT_EQ(sys::fstat(fd.get()).st_rdev, sys::fstatat(AT_FDCWD, "/dev/null", 0).st_rdev);
  }
  EXPECT_EQ(second->container_dir, "/var/lib/d");
  EXPECT_FALSE(second->attach);
  EXPECT_TRUE(second->kept.empty());
}

TEST(StartChannel, EndOfFileIsNoMessageEvenWithUnreadOnes) {
  SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
  send(pair.ours.get(), NetworkReady{});
  pair.theirs.reset();  // with the message unread: ECONNRESET
  EXPECT_FALSE(receive(pair.ours.get()));
}

TEST(StartChannel, ForeignBytesAreCorruptData) {
  for (const char* text : {"x", "[]", "{}", "{\"type\":\"started\"}", "{\"type\":7}"}) {
    const SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
    sys::send_message(pair.ours.get(), text);
    try {
      receive(pair.theirs.get());
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt_data) << text;
    }
  }
}

TEST(StartChannel, ALongErrorTextStaysReadable) {
  const SocketPair pair = sys::socketpair(SOCK_SEQPACKET);
  send(pair.ours.get(), Failed{ErrorKind::internal, 0, std::string(200 * 1024, '\x01')});
  EXPECT_GT(std::get<Failed>(*receive(pair.theirs.get())).message.size(), 1000U);
}

TEST(ShimConfigFile, SurvivesARoundTrip) {
  ShimConfig config;
  config.id = "abc";
  config.container_dir = "/c";
  config.state_dir = "/s";
  config.name_link = "/run/minidock/names/web";
  config.netns_link = "/run/netns/web";
  config.spec.process.args = {"sh", "-c", "true"};
  config.open_stdin = true;
  config.log = {"json-file", "/c/log", 1000, 3, {{"tag", "t"}}, {"/bin/x", "y"}};
  config.cleanup_command = {"/bin/minidock", "x"};
  const ShimConfig got = shim_config_from_json(json::parse(json::dump(to_json(config)), "test"));
  EXPECT_EQ(got.id, "abc");
  EXPECT_EQ(got.name_link, "/run/minidock/names/web");
  EXPECT_EQ(got.netns_link, "/run/netns/web");
  EXPECT_EQ(got.spec.process.args, config.spec.process.args);
  EXPECT_TRUE(got.open_stdin);
  EXPECT_FALSE(got.stdin_once);
  EXPECT_EQ(got.log.driver, "json-file");
  EXPECT_EQ(got.log.file, "/c/log");
  EXPECT_EQ(got.log.max_size, 1000);
  EXPECT_EQ(got.log.max_files, 3U);
  EXPECT_EQ(got.log.attributes, config.log.attributes);
  EXPECT_EQ(got.log.compress_command, config.log.compress_command);
  EXPECT_EQ(got.cleanup_command, config.cleanup_command);
  EXPECT_THROW(shim_config_from_json(Json::object()), Error);
}

}  // namespace
}  // namespace minidock::shim
