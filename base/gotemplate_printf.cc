// fmt.Sprintf for the values that a template can hold. Source: the package documentation of fmt.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/gotemplate_functions.h"

namespace minidock::gotemplate {
namespace {

constexpr int kMaxWidth = 1'000'000;  // as Go's own limit

// Everything between the percent sign and the verb.
struct Spec {
  bool minus = false;
  bool plus = false;
  bool sharp = false;
  bool blank = false;
  bool zero = false;
  std::optional<int> width;
  std::optional<int> precision;
  char verb = 'v';
};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6U) != 2; }));
}

// `sign` stays in front of padding zeros.
std::string padded(const Spec& spec, std::string_view sign, std::string_view body, bool zeros_allowed) {
  const std::size_t have = characters(sign) + characters(body);
  const std::size_t want = static_cast<std::size_t>(spec.width.value_or(0));
  const std::size_t missing = want > have ? want - have : 0;
  if (spec.minus) return fmt::format("{}{}{}", sign, body, std::string(missing, ' '));
  if (spec.zero && zeros_allowed) return fmt::format("{}{}{}", sign, std::string(missing, '0'), body);
  return fmt::format("{}{}{}", std::string(missing, ' '), sign, body);
}

std::string bad_verb(const Spec& spec, const OrderedJson& value) {
  if (value.is_null()) return fmt::format("%!{}(<nil>)", spec.verb);
  return fmt::format("%!{}({}={})", spec.verb, type_name(value), to_text(value));
}

std::string hex_bytes(std::string_view text, bool upper_case) {
  std::string result;
  for (const char c : text) {
    result += upper_case ? fmt::format("{:02X}", static_cast<unsigned char>(c))
                         : fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return result;
}

std::string_view cut(std::string_view text, const std::optional<int>& precision) {
  if (!precision) return text;
  std::size_t end = 0;
  for (int left = *precision; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) >> 6U) != 2 && left-- == 0) break;
  }
  return text.substr(0, end);
}

std::string format_string(const Spec& spec, const OrderedJson& value) {
  const std::string_view text = cut(value.get_ref<const std::string&>(), spec.precision);
  switch (spec.verb) {
    case 'v':
      return padded(spec, "", spec.sharp ? quote(text) : std::string(text), true);
    case 's':
      return padded(spec, "", text, true);
    case 'q':
      return padded(spec, "",
                    spec.sharp && text.find('`') == std::string_view::npos ? fmt::format("`{}`", text) : quote(text),
                    true);
    case 'x':
    case 'X':
      return padded(spec, "", hex_bytes(text, spec.verb == 'X'), true);
    default:
      return bad_verb(spec, value);
  }
}

std::string utf8(std::uint64_t code) {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) code = 0xfffd;
  const auto byte = [](std::uint64_t bits) { return static_cast<char>(bits); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0U | code >> 6U), byte(0x80U | (code & 0x3fU))};
  if (code < 0x10000)
    return {byte(0xe0U | code >> 12U), byte(0x80U | (code >> 6U & 0x3fU)), byte(0x80U | (code & 0x3fU))};
  return {byte(0xf0U | code >> 18U), byte(0x80U | (code >> 12U & 0x3fU)), byte(0x80U | (code >> 6U & 0x3fU)),
          byte(0x80U | (code & 0x3fU))};
}

std::string format_integer(const Spec& spec, const OrderedJson& value) {
  const bool negative = value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  const std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(value.get<std::int64_t>()) : value.get<std::uint64_t>();
  std::string digits;
  std::string_view prefix;
  switch (spec.verb) {
    case 'v':
    case 'd':
      digits = fmt::format("{}", magnitude);
      break;
    case 'b':
      digits = fmt::format("{:b}", magnitude);
      prefix = spec.sharp ? "0b" : "";
      break;
    case 'o':
    case 'O':
      digits = fmt::format("{:o}", magnitude);
      prefix = spec.verb == 'O' ? "0o" : spec.sharp ? "0" : "";
      break;
    case 'x':
      digits = fmt::format("{:x}", magnitude);
      prefix = spec.sharp ? "0x" : "";
      break;
    case 'X':
      digits = fmt::format("{:X}", magnitude);
      prefix = spec.sharp ? "0X" : "";
      break;
    case 'c':
      return padded(spec, "", utf8(negative ? 0xfffd : magnitude), true);
    case 'q':
      return padded(spec, "", magnitude == '\'' ? "'\\''" : fmt::format("'{}'", utf8(negative ? 0xfffd : magnitude)),
                    true);
    case 'U':
      return padded(spec, "", fmt::format("U+{:04X}", magnitude), false);
    default:
      return bad_verb(spec, value);
  }
  if (spec.precision && digits.size() < static_cast<std::size_t>(*spec.precision)) {
    digits.insert(0, static_cast<std::size_t>(*spec.precision) - digits.size(), '0');
  }
  const std::string sign = negative ? "-" : spec.plus ? "+" : spec.blank ? " " : "";
  return padded(spec, sign + std::string(prefix), digits, !spec.precision);
}

std::string format_float(const Spec& spec, const OrderedJson& value) {
  const double number = value.get<double>();
  std::string text;
  switch (spec.verb) {
    case 'v':
    case 'g':
    case 'G':
      text = spec.precision ? fmt::format("{:.{}g}", number, *spec.precision) : float_text(number);
      break;
    case 'e':
    case 'E':
      text = fmt::format("{:.{}e}", number, spec.precision.value_or(6));
      break;
    case 'f':
    case 'F':
      text = fmt::format("{:.{}f}", number, spec.precision.value_or(6));
      break;
    default:
      return bad_verb(spec, value);
  }
  if (spec.verb == 'G' || spec.verb == 'E') std::replace(text.begin(), text.end(), 'e', 'E');
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.erase(0, 1);
  return padded(spec, negative ? "-" : spec.plus ? "+" : spec.blank ? " " : "", text, true);
}

std::string format_value(const Spec& spec, const OrderedJson& value);

// Lists and maps: the verb goes to the elements.
std::string format_container(const Spec& spec, const OrderedJson& value) {
  std::string text = value.is_array() ? "[" : "map[";
  const std::size_t start = text.size();
  if (value.is_array()) {
    for (const OrderedJson& item : value) text += (text.size() > start ? " " : "") + format_value(spec, item);
  } else {
    for (const std::string& key : sorted_keys(value)) {
      text += (text.size() > start ? " " : "") + format_value(spec, OrderedJson(key)) + ":" +
              format_value(spec, value.at(key));
      if (text.size() > kMaxText) break;
    }
  }
  return text + "]";
}

std::string format_value(const Spec& spec, const OrderedJson& value) {
  if (spec.verb == 'T') return padded(spec, "", type_name(value), true);
  if (value.is_null()) return spec.verb == 'v' ? padded(spec, "", "<nil>", false) : bad_verb(spec, value);
  if (value.is_structured()) return format_container(spec, value);
  if (value.is_string()) return format_string(spec, value);
  if (value.is_number_float()) return format_float(spec, value);
  if (value.is_number()) return format_integer(spec, value);
  return spec.verb == 't' || spec.verb == 'v' ? padded(spec, "", to_text(value), false) : bad_verb(spec, value);
}

class Formatter {
 public:
  Formatter(const Arguments& arguments, const Types& types)
      : arguments_(arguments), types_(types), format_(arguments[0]->get_ref<const std::string&>()) {}

  std::string run() {
    while (!format_.empty()) {
      const std::size_t percent = std::min(format_.find('%'), format_.size());
      out_ += format_.substr(0, percent);
      format_.remove_prefix(percent);
      if (!format_.empty()) verb();
      if (out_.size() > kMaxText) return std::move(out_);
    }
    extra();
    return std::move(out_);
  }

 private:
  void verb() {
    format_.remove_prefix(1);
    Spec spec;
    flags(spec);
    spec.width = number("%!(BADWIDTH)");
    if (spec.width && *spec.width < 0) {
      spec.minus = true;
      spec.width = -*spec.width;
    }
    if (!format_.empty() && format_.front() == '.') {
      format_.remove_prefix(1);
      spec.precision = number("%!(BADPREC)").value_or(0);
      if (*spec.precision < 0) spec.precision.reset();
    }
    if (format_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    spec.verb = format_.front();
    format_.remove_prefix(1);
    if (spec.verb == '%') {
      out_ += '%';
    } else if (next_ >= arguments_.size()) {
      out_ += fmt::format("%!{}(MISSING)", spec.verb);
    } else {
      const OrderedJson& value = *arguments_[next_++];
      const bool typed = types_.find(value) != nullptr && !value.is_string() && (spec.verb == 'v' || spec.verb == 's');
      out_ += typed ? padded(spec, "", to_text(value, types_), false) : format_value(spec, value);
    }
  }

  void flags(Spec& spec) {
    for (; !format_.empty(); format_.remove_prefix(1)) {
      switch (format_.front()) {
        case '-':
          spec.minus = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case '#':
          spec.sharp = true;
          break;
        case ' ':
          spec.blank = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          return;
      }
    }
  }

  // Digits, or '*' for the next argument.
  std::optional<int> number(std::string_view complaint) {
    if (!format_.empty() && format_.front() == '*') {
      format_.remove_prefix(1);
      if (next_ < arguments_.size() && arguments_[next_]->is_number_integer()) {
        const auto value = arguments_[next_++]->get<std::int64_t>();
        if (value >= -kMaxWidth && value <= kMaxWidth) return static_cast<int>(value);
      } else if (next_ < arguments_.size()) {
        ++next_;
      }
      out_ += complaint;
      return std::nullopt;
    }
    std::optional<int> value;
    while (!format_.empty() && format_.front() >= '0' && format_.front() <= '9') {
      value = std::min(value.value_or(0) * 10 + (format_.front() - '0'), kMaxWidth + 1);
      format_.remove_prefix(1);
    }
    if (value && *value > kMaxWidth) {
      out_ += complaint;
      return std::nullopt;
    }
    return value;
  }

  void extra() {
    if (next_ >= arguments_.size()) return;
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < arguments_.size() && out_.size() <= kMaxText; ++i) {
      if (i > next_) out_ += ", ";
      if (arguments_[i]->is_null()) {
        out_ += "<nil>";
      } else {
        out_ += fmt::format("{}={}", type_name(*arguments_[i]), to_text(*arguments_[i]));
      }
    }
    out_ += ')';
  }

  const Arguments& arguments_;
  const Types& types_;
  std::string_view format_;
  std::size_t next_ = 1;
  std::string out_;
};

}  // namespace

std::string sprintf_text(const Arguments& arguments, const Types& types) { return Formatter(arguments, types).run(); }

}  // namespace minidock::gotemplate
