#include "engine/systemd_bus.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/error.h"

namespace minidock {
namespace {

constexpr char kService[] = "org.freedesktop.systemd1";
constexpr char kObject[] = "/org/freedesktop/systemd1";
constexpr char kManager[] = "org.freedesktop.systemd1.Manager";
constexpr char kAdvice[] =
    "; without systemd use \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"] in daemon.json, and make the container "
    "again";

// sd-bus(3), sd_bus_error(3): the parts of its stable interface that are used here.
struct Bus;
struct Message;
struct BusError {
  const char* name;
  const char* message;
  int need_free;
};

// A symbol of libsystemd, of the type of the variable that it goes into.
struct Symbol {
  void* library;
  const char* name;
  template <typename Function>
  operator Function*() const {
    void* found = ::dlsym(library, name);
    if (found == nullptr) {
      throw Error(ErrorKind::unavailable, fmt::format("libsystemd.so.0 lacks {}{}", name, kAdvice));
    }
    return reinterpret_cast<Function*>(found);
  }
};

void* load_library() {
  void* library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  throw Error(ErrorKind::unavailable,
              fmt::format("the systemd cgroup driver needs libsystemd: {}{}", ::dlerror(), kAdvice));
}

struct Library {
  void* handle = load_library();
  int (*open_system)(Bus**) = Symbol{handle, "sd_bus_open_system"};
  Bus* (*unref)(Bus*) = Symbol{handle, "sd_bus_flush_close_unref"};
  int (*new_method_call)(Bus*, Message**, const char*, const char*, const char*, const char*) = Symbol{
      handle, "sd_bus_message_new_method_call"};
  int (*append)(Message*, const char*, ...) = Symbol{handle, "sd_bus_message_append"};
  int (*append_array)(Message*, char, const void*, std::size_t) = Symbol{handle, "sd_bus_message_append_array"};
  int (*open_container)(Message*, char, const char*) = Symbol{handle, "sd_bus_message_open_container"};
  int (*close_container)(Message*) = Symbol{handle, "sd_bus_message_close_container"};
  Message* (*message_unref)(Message*) = Symbol{handle, "sd_bus_message_unref"};
  int (*call)(Bus*, Message*, std::uint64_t, BusError*, Message**) = Symbol{handle, "sd_bus_call"};
  void (*error_free)(BusError*) = Symbol{handle, "sd_bus_error_free"};
};

// Their results are negative errno values.
void check(int result, const char* what) {
  if (result < 0) throw SysError(-result, fmt::format("{} (systemd over D-Bus)", what));
}

// One method call on its way together.
class Call {
 public:
  Call(const Library& library, Bus* bus, const char* method) : library_(library), bus_(bus), method_(method) {
    check(library_.new_method_call(bus, &message_, kService, kObject, kManager, method), method);
  }
  ~Call() { library_.message_unref(message_); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  template <typename... Values>
  void append(const char* types, Values... values) {
    check(library_.append(message_, types, values...), "sd_bus_message_append");
  }

  void append(const std::vector<runtime::UnitProperty>& properties) {
    open('a', "(sv)");
    for (const runtime::UnitProperty& property : properties) {
      open('r', "sv");
      append("s", property.name.c_str());
      std::visit([this](const auto& value) { append_variant(value); }, property.value);
      close();
    }
    close();
  }

  // Empty, or the name of the error that systemd has answered with.
  std::string run(std::string& text) {
    BusError error{nullptr, nullptr, 0};
    constexpr std::uint64_t kPatienceMicroseconds = 25'000'000;
    const int result = library_.call(bus_, message_, kPatienceMicroseconds, &error, nullptr);
    std::string name;
    if (result < 0) {
      name = error.name != nullptr ? error.name : std::strerror(-result);
      text = fmt::format("systemd: {}: {}", method_, error.message != nullptr ? error.message : std::strerror(-result));
    }
    library_.error_free(&error);
    return name;
  }

 private:
  void open(char type, const char* contents) {
    check(library_.open_container(message_, type, contents), "sd_bus_message_open_container");
  }
  void close() { check(library_.close_container(message_), "sd_bus_message_close_container"); }

  void append_variant(bool value) { append("v", "b", static_cast<int>(value)); }
  void append_variant(std::uint64_t value) { append("v", "t", value); }
  void append_variant(const std::string& value) { append("v", "s", value.c_str()); }
  void append_variant(const std::vector<std::uint8_t>& value) { append_array("ay", 'y', value.data(), value.size()); }
  void append_variant(const std::vector<std::uint32_t>& value) {
    append_array("au", 'u', value.data(), value.size() * sizeof(std::uint32_t));
  }
  void append_array(const char* type, char element, const void* data, std::size_t size) {
    open('v', type);
    check(library_.append_array(message_, element, data, size), "sd_bus_message_append_array");
    close();
  }

  const Library& library_;
  Bus* bus_;
  const char* method_;
  Message* message_ = nullptr;
};

}  // namespace

struct SystemdBus::Parts {
  Library library;
  Bus* bus = nullptr;
};

SystemdBus::SystemdBus(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SystemdBus::SystemdBus(SystemdBus&&) noexcept = default;
SystemdBus::~SystemdBus() {
  if (parts_ && parts_->bus != nullptr) parts_->library.unref(parts_->bus);
}

SystemdBus SystemdBus::connect() {
  SystemdBus result(std::make_unique<Parts>());
  const int error = result.parts_->library.open_system(&result.parts_->bus);
  if (error < 0) {
    throw Error(ErrorKind::unavailable, fmt::format("systemd is not running, or its bus is not (system bus: {}){}",
                                                    std::strerror(-error), kAdvice));
  }
  return result;
}

bool SystemdBus::start_scope(const std::string& unit, const std::vector<runtime::UnitProperty>& properties) {
  Call call(parts_->library, parts_->bus, "StartTransientUnit");
  call.append("ss", unit.c_str(), "fail");
  call.append(properties);
  call.append("a(sa(sv))", 0);
  std::string text;
  const std::string error = call.run(text);
  if (error == "org.freedesktop.systemd1.UnitExists") return false;
  if (error == "org.freedesktop.DBus.Error.ServiceUnknown") {
    throw Error(ErrorKind::unavailable, fmt::format("systemd is not running ({}){}", text, kAdvice));
  }
  if (!error.empty()) throw Error(ErrorKind::unavailable, text);
  return true;
}

void SystemdBus::set_properties(const std::string& unit, const std::vector<runtime::UnitProperty>& properties) {
  Call call(parts_->library, parts_->bus, "SetUnitProperties");
  call.append("sb", unit.c_str(), 1);
  call.append(properties);
  std::string text;
  if (!call.run(text).empty()) throw Error(ErrorKind::unavailable, text);
}

}  // namespace minidock
