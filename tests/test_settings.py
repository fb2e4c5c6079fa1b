"""The settings' file: what is wrong is named, unless its name may be a value."""

import pytest

from workbench.errors import SettingsError
from workbench.settings import load_settings

WRONG = {
    "colour = 1": "項目 colour が正しくありません",
    "123456789018 = 1": "項目 （項目名でないもの） が正しくありません",
    '"金糸雀 鳥子" = 1': "項目 （項目名でないもの） が正しくありません",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_key_that_nobody_knows_is_refused_and_named_only_if_it_is_a_word(tmp_path, text):
    path = tmp_path / "workbench.toml"
    path.write_text(text + "\n", encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_settings(path)

    assert WRONG[text] in str(caught.value)
    assert "123456789018" not in str(caught.value)
    assert "金糸雀" not in str(caught.value)
